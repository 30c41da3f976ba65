import { KafkaConsumer, KafkaProducer } from 'sluice'
import type { BenchClient } from '../bench-client.ts'

/** Records under way at most, so that the loop measures the pipeline and not the heap. */
const MAX_UNDERWAY = 100_000

export const client: BenchClient = {
  version: '0.1.0',

  async produceAwaited({ bootstrapServers, topic, value, callers }, acknowledged, stopped) {
    await using producer = new KafkaProducer({ bootstrapServers })
    const call = async (): Promise<void> => {
      while (!stopped()) {
        await producer.send({ topic, value })
        acknowledged(1)
      }
    }
    await Promise.all(Array.from({ length: callers }, call))
  },

  async produceLoop({ bootstrapServers, topic, value }, acknowledged, stopped) {
    await using producer = new KafkaProducer({ bootstrapServers })
    let underway = 0
    let failure: unknown
    const onAcknowledgement = (_metadata: unknown, error: unknown): void => {
      underway--
      if (error) failure = error
      acknowledged(1)
    }
    while (!stopped() && failure === undefined) {
      for (let i = 0; i < 1000 && underway < MAX_UNDERWAY; i++) {
        underway++
        producer.send({ topic, value }, onAcknowledgement)
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    await producer.flush()
    if (failure !== undefined) throw failure
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
