import { isPeerInstalled, requirePeer } from '../../tools/peers.ts'
import type { BenchClient } from '../bench-client.ts'

/** Deliveries under way in the native loop; librdkafka's own queue holds 100,000 by default. */
const MAX_UNDERWAY = 50_000

if (!isPeerInstalled('confluent')) throw new Error('not installed: run `node tools/peers.ts confluent` (builds librdkafka, takes minutes)')
const confluent = requirePeer('confluent')

export const client: BenchClient = {
  async openProducer({ bootstrapServers, topic, values, compression, lingerMs, batchBytes }) {
    const settings: Record<string, unknown> = {
      'bootstrap.servers': bootstrapServers,
      'compression.codec': compression,
      ...(lingerMs === undefined ? {} : { 'linger.ms': lingerMs }),
      ...(batchBytes === undefined ? {} : { 'batch.size': batchBytes }),
    }
    // Awaited sends through its promise API, the loop through its callback API: each is its best way.
    const kafka = new confluent.KafkaJS.Kafka({ 'bootstrap.servers': bootstrapServers, log_level: 0 })
    const producer = kafka.producer(settings)
    await producer.connect()
    return {
      send: (value) => producer.send({ topic, messages: [{ value }] }),

      async loop(acknowledged, stopped) {
        const plain = new confluent.Producer({ ...settings, dr_cb: true })
        await new Promise<void>((resolve, reject) => plain.connect({}, (error: unknown) => (error ? reject(error) : resolve())))
        plain.setPollInterval(1)
        let underway = 0
        let failure: unknown
        plain.on('delivery-report', (error: unknown) => {
          underway--
          if (error) failure = error
          else acknowledged(1)
        })
        let next = 0
        while (!stopped() && failure === undefined) {
          for (let i = 0; i < 1000 && underway < MAX_UNDERWAY; i++) {
            underway++
            plain.produce(topic, null, values[next++ % values.length], null)
          }
          plain.poll()
          await new Promise((resolve) => setImmediate(resolve))
        }
        await new Promise<void>((resolve, reject) => plain.flush(30_000, (error: unknown) => (error ? reject(error) : resolve())))
        await new Promise<void>((resolve) => plain.disconnect(() => resolve()))
        if (failure !== undefined) throw failure
      },

      close: () => producer.disconnect(),
    }
  },

  async consume({ bootstrapServers, topic, records }, consumed) {
    const kafka = new confluent.KafkaJS.Kafka({ 'bootstrap.servers': bootstrapServers, log_level: 0 })
    const consumer = kafka.consumer({
      'group.id': `bench-confluent-${process.pid}`,
      'auto.offset.reset': 'earliest',
      'js.consumer.max.batch.size': -1,
    })
    await consumer.connect()
    await consumer.subscribe({ topic })
    let count = 0
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachBatch: async ({ batch }: { batch: { messages: unknown[] } }) => {
            count += batch.messages.length
            consumed(batch.messages.length)
            if (count >= records) resolve()
          },
        })
        .catch(reject)
    })
    await consumer.disconnect()
  },
}
