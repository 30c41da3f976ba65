import { Kafka, logLevel } from 'kafkajs'
import type { BenchClient } from '../bench-client.ts'

const RECORDS_PER_SEND = 1000
const SENDS_UNDERWAY = 4

function connect(bootstrapServers: string): Kafka {
  return new Kafka({ brokers: bootstrapServers.split(','), logLevel: logLevel.ERROR })
}

export const client: BenchClient = {
  version: '2.2.4',

  async produceAwaited({ bootstrapServers, topic, value, callers }, acknowledged, stopped) {
    const producer = connect(bootstrapServers).producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const call = async (): Promise<void> => {
      while (!stopped()) {
        await producer.send({ topic, messages: [{ value }] })
        acknowledged(1)
      }
    }
    await Promise.all(Array.from({ length: callers }, call))
    await producer.disconnect()
  },

  async produceLoop({ bootstrapServers, topic, value }, acknowledged, stopped) {
    const producer = connect(bootstrapServers).producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const messages = Array.from({ length: RECORDS_PER_SEND }, () => ({ value }))
    const call = async (): Promise<void> => {
      while (!stopped()) {
        await producer.send({ topic, messages })
        acknowledged(messages.length)
      }
    }
    await Promise.all(Array.from({ length: SENDS_UNDERWAY }, call))
    await producer.disconnect()
  },

  async consume({ bootstrapServers, topic, records }, consumed) {
    const consumer = connect(bootstrapServers).consumer({
      groupId: `bench-kafkajs-${process.pid}`,
      minBytes: 1,
      maxBytesPerPartition: 1048576,
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    let count = 0
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachBatchAutoResolve: true,
          eachBatch: async ({ batch }) => {
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
