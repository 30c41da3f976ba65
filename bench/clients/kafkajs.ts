import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs, { type Kafka } from 'kafkajs'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import type { BenchClient } from '../bench-client.ts'
import { sendArrays } from './array-loop.ts'

const { CompressionCodecs, CompressionTypes, logLevel } = kafkajs

// kafkajs brings gzip alone; users plug the others in like this.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder: { buffer: Buffer }) => zstdCompressSync(encoder.buffer),
  decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
})
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder: { buffer: Buffer }) => compressFrameSync(encoder.buffer),
  decompress: async (buffer: Buffer) => decompressFrameSync(buffer),
})

const compressions = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

function connect(bootstrapServers: string): Kafka {
  return new kafkajs.Kafka({ brokers: bootstrapServers.split(','), logLevel: logLevel.ERROR })
}

export const client: BenchClient = {
  async openProducer({ bootstrapServers, topic, values, compression: name }) {
    const producer = connect(bootstrapServers).producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const compression = compressions[name]
    return {
      send: (value) => producer.send({ topic, compression, messages: [{ value }] }),
      loop: (acknowledged, stopped) =>
        sendArrays(
          (array) => producer.send({ topic, compression, messages: array.map((value) => ({ value })) }),
          values,
          acknowledged,
          stopped,
        ),
      close: () => producer.disconnect(),
    }
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
