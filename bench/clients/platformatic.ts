import { Consumer, MessagesStreamModes, ProduceAcks, Producer } from '@platformatic/kafka'
import type { BenchClient } from '../bench-client.ts'

const RECORDS_PER_SEND = 1000
const SENDS_UNDERWAY = 4

export const client: BenchClient = {
  version: '2.12.1',

  async produceAwaited({ bootstrapServers, topic, value, callers }, acknowledged, stopped) {
    const producer = new Producer({ clientId: 'bench', bootstrapBrokers: bootstrapServers.split(','), maxInflights: callers })
    const call = async (): Promise<void> => {
      while (!stopped()) {
        await producer.send({ messages: [{ topic, value }], acks: ProduceAcks.ALL })
        acknowledged(1)
      }
    }
    await Promise.all(Array.from({ length: callers }, call))
    await producer.close()
  },

  async produceLoop({ bootstrapServers, topic, value }, acknowledged, stopped) {
    const producer = new Producer({ clientId: 'bench', bootstrapBrokers: bootstrapServers.split(',') })
    const messages = Array.from({ length: RECORDS_PER_SEND }, () => ({ topic, value }))
    const call = async (): Promise<void> => {
      while (!stopped()) {
        await producer.send({ messages, acks: ProduceAcks.ALL })
        acknowledged(messages.length)
      }
    }
    await Promise.all(Array.from({ length: SENDS_UNDERWAY }, call))
    await producer.close()
  },

  async consume({ bootstrapServers, topic, records }, consumed) {
    const consumer = new Consumer({
      clientId: 'bench',
      groupId: `bench-platformatic-${process.pid}`,
      bootstrapBrokers: bootstrapServers.split(','),
      autocommit: true,
      maxWaitTime: 500,
      highWaterMark: 16384,
    })
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST })
    let count = 0
    for await (const message of stream) {
      if (message.value === null) throw new Error('a value is missing')
      consumed(1)
      if (++count >= records) break
    }
    await consumer.close(true)
  },
}
