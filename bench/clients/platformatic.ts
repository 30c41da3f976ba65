import { Consumer, MessagesStreamModes, ProduceAcks, Producer } from '@platformatic/kafka'
import type { BenchClient } from '../bench-client.ts'
import { sendArrays } from './array-loop.ts'

export const client: BenchClient = {
  async openProducer({ bootstrapServers, topic, values, compression }) {
    const producer = new Producer({ clientId: 'bench', bootstrapBrokers: bootstrapServers.split(','), compression, acks: ProduceAcks.ALL })
    return {
      send: (value) => producer.send({ messages: [{ topic, value }] }),
      loop: (acknowledged, stopped) =>
        sendArrays((array) => producer.send({ messages: array.map((value) => ({ topic, value })) }), values, acknowledged, stopped),
      close: () => producer.close(),
    }
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
