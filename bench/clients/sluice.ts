import { KafkaConsumer, KafkaProducer } from 'sluice'
import type { BenchClient } from '../bench-client.ts'
import { fiveInterceptors } from '../five-interceptors.ts'

/** Bytes under way at most: what the producer's own buffer holds without making sends wait. */
const MAX_BYTES_UNDERWAY = 24 * 1024 * 1024
/** What the five interceptors add to a record, at most. */
const INTERCEPTED_BYTES = 120
const SENDS_PER_CHECK = 1000

export const client: BenchClient = {
  async openProducer({ bootstrapServers, topic, values, compression, lingerMs, batchBytes, withInterceptors }) {
    const options = {
      bootstrapServers,
      compressionType: compression,
      ...(lingerMs === undefined ? {} : { lingerMs }),
      ...(batchBytes === undefined ? {} : { batchSize: batchBytes }),
    }
    const producer = new KafkaProducer(options, withInterceptors ? await fiveInterceptors() : [])
    const recordBytes = values[0]!.length + 20 + (withInterceptors ? INTERCEPTED_BYTES : 0)
    const maxUnderway = Math.max(SENDS_PER_CHECK, Math.floor(MAX_BYTES_UNDERWAY / recordBytes))
    return {
      send: (value) => producer.send({ topic, value }),

      async loop(acknowledged, stopped) {
        let underway = 0
        let failure: unknown
        let next = 0
        let goOn: (() => void) | undefined
        const onAcknowledgement = (_metadata: unknown, error: unknown): void => {
          underway--
          if (error) failure = error
          else acknowledged(1)
          if (goOn !== undefined && underway <= maxUnderway / 2) {
            goOn()
            goOn = undefined
          }
        }
        while (!stopped() && failure === undefined) {
          for (let i = 0; i < SENDS_PER_CHECK && underway < maxUnderway; i++) {
            underway++
            producer.send({ topic, value: values[next++ % values.length]! }, onAcknowledgement)
          }
          // Not by asking in every turn: that takes a core, which broker and compression may need.
          if (underway >= maxUnderway) await new Promise<void>((resolve) => (goOn = resolve))
          else await new Promise((resolve) => setImmediate(resolve))
        }
        await producer.flush()
        if (failure !== undefined) throw failure
      },

      close: () => producer.close(),
    }
  },

  async consume({ bootstrapServers, topic, records }, consumed) {
    await using consumer = new KafkaConsumer({
      bootstrapServers,
      groupId: `bench-${process.pid}`,
      autoOffsetReset: 'earliest',
      maxPollRecords: 5000,
    })
    consumer.subscribe([topic])
    let count = 0
    let bytes = 0
    while (count < records) {
      const batch = await consumer.poll({ timeoutMs: 1000 })
      for (const record of batch) bytes += record.value!.length
      count += batch.count
      consumed(batch.count)
    }
    if (bytes === 0) throw new Error('no bytes were read')
  },
}
