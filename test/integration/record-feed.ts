import { type BatchOptions, type BatchRecord, encodeBatch, errorCodes } from '@sluice/protocol'
import { produceApi } from '@sluice/protocol/messages/produce'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import { Metadata } from '../../packages/sluice/src/network/metadata.ts'
import { NetworkClient } from '../../packages/sluice/src/network/network-client.ts'
import { testOptions } from '../../packages/sluice/src/network/testing/test-options.ts'

const MAX_ATTEMPTS = 20

/** Writes batches as they are given, so that the consumer's tests do not hang on the producer. */
export class RecordFeed implements AsyncDisposable {
  readonly #metadata: Metadata
  readonly #client: NetworkClient

  constructor(bootstrapServers: string) {
    const options = testOptions(null, { bootstrapServers, clientId: 'record-feed' })
    this.#metadata = new Metadata(options)
    this.#client = new NetworkClient(options, this.#metadata, { logger: silentLogger })
  }

  /** One batch to one partition. Returns its base offset. */
  async write(topic: string, partition: number, records: readonly BatchRecord[], options: BatchOptions = {}): Promise<number> {
    this.#metadata.add(topic)
    await this.#metadata.awaitUpdate((known) => known.topics.has(topic), 5000)
    const batch = encodeBatch(records, { timestamp: Date.now(), ...options })
    for (let attempt = 0; ; attempt++) {
      const { errorCode, baseOffset } = await this.#produce(topic, partition, batch)
      if (errorCode === errorCodes.NONE) return baseOffset
      // A broker tells of a new topic a moment before it leads it.
      if (errorCode !== errorCodes.NOT_LEADER_OR_FOLLOWER || attempt === MAX_ATTEMPTS) {
        throw new Error(`producing to ${topic}-${partition} failed with error ${errorCode}`)
      }
      await this.#metadata.awaitUpdate(this.#metadata.requestUpdate(), 5000)
    }
  }

  /** `count` records with values `<partition>:<n>` from `from` on. */
  async fill(topic: string, partition: number, count: number, from = 0, options: BatchOptions = {}): Promise<void> {
    const records = Array.from({ length: count }, (_, n) => ({ key: `k${n % 7}`, value: `${partition}:${from + n}` }))
    for (let at = 0; at < count; at += 500) await this.write(topic, partition, records.slice(at, at + 500), options)
  }

  async #produce(topic: string, partition: number, batch: Buffer): Promise<{ errorCode: number; baseOffset: number }> {
    const { topics, nodes } = this.#metadata.cluster
    const info = topics.get(topic)!
    const leader = nodes.get(info.partitions[partition]!.leader)!
    const response = await this.#client.request(leader, produceApi, (version) => ({
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ ...(version >= 13 ? { topicId: info.id! } : { name: topic }), partitionData: [{ index: partition, records: batch }] }],
    }))
    return response.responses[0]!.partitionResponses[0]!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close()
  }
}
