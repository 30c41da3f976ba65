import { randomBytes } from 'node:crypto'
import { DevBroker } from '@sluice/devbroker'
import { forEachRecord, loadCompression, type RecordBatchHeader, readBatchHeader } from '@sluice/protocol'
import { fetchApi } from '@sluice/protocol/messages/fetch'
import { KafkaAdmin, type PartitionInfo } from 'sluice'
import type { ClusterConnection } from './cluster-connection.ts'
import { connectToCluster } from './cluster-connection.ts'
import { movePartition } from './partition-moves.ts'

/** The addresses of the real Kafka that `npm run test:kafka` tests, every broker's; undefined: the development broker. */
const kafkaAddresses = process.env.SLUICE_TEST_CLUSTER?.split(',')
const FETCH_BYTES = 16 * 1024 * 1024

export interface ClusterNeeds {
  /** At least so many brokers. */
  readonly nodes?: 3
  /** Why the case makes sense on the development broker only. */
  readonly devBroker?: string
}

/** Options for `test`: the case is left out, with the reason, where the cluster of this run lacks what it needs. */
export function needs({ nodes, devBroker }: ClusterNeeds): { readonly skip?: string } {
  if (kafkaAddresses === undefined) return {}
  if (devBroker !== undefined) return { skip: `development broker only: ${devBroker}` }
  if (nodes !== undefined && kafkaAddresses.length < nodes) return { skip: `needs ${nodes} brokers` }
  return {}
}

/** A record as it is stored, read over the wire. */
export interface StoredRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly compression: string
  /** Of the batch that the record came in. */
  readonly batch: RecordBatchHeader
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
}

/**
 * The cluster that a test runs on: a development broker of its own, or the real Kafka that all tests of the run share.
 * Names of topics and groups are unique, as others work on the same cluster.
 */
export class TestCluster implements AsyncDisposable {
  readonly kind: 'devbroker' | 'kafka'
  readonly nodes: number
  readonly bootstrapServers: string
  readonly admin: KafkaAdmin
  readonly #devBroker: DevBroker | undefined
  readonly #names = new Set<string>()
  #connection: ClusterConnection | undefined

  constructor(bootstrapServers: string, devBroker: DevBroker | undefined) {
    this.kind = devBroker === undefined ? 'kafka' : 'devbroker'
    this.nodes = bootstrapServers.split(',').length
    this.bootstrapServers = bootstrapServers
    this.#devBroker = devBroker
    this.admin = new KafkaAdmin({ bootstrapServers, clientId: 'test-cluster' })
  }

  /** For cases marked with `needs({ devBroker: reason })`. */
  get devBroker(): DevBroker {
    if (this.#devBroker === undefined) throw new Error('this run is on a real Kafka; mark the test with needs({ devBroker: reason })')
    return this.#devBroker
  }

  /** `what` with something after it that nobody else has: for groups, and for topics that are made by using them. */
  unique(what: string): string {
    const name = `${what}-${randomBytes(4).toString('hex')}`
    this.#names.add(name)
    return name
  }

  /** Creates a topic that every broker knows, with leaders, when it resolves. Returns its name. */
  async createTopic(
    partitions: number,
    configs: Readonly<Record<string, string | number | boolean>> = {},
    name = 'orders',
  ): Promise<string> {
    const topic = this.unique(name)
    await this.admin.createTopics([{ topic, partitions, configs }])
    await this.untilKnown(topic, partitions)
    return topic
  }

  /** Resolves when every broker knows the topic with so many partitions, and a leader for each. */
  async untilKnown(topic: string, partitions: number): Promise<void> {
    const { connection } = this
    await connection.everyNode(async (node) => {
      while (!(await connection.knows(node, topic, partitions))) await new Promise((resolve) => setTimeout(resolve, 20))
    })
  }

  /** Makes another replica the leader; resolves when every broker knows. */
  async moveLeader(topic: string, partition: number): Promise<void> {
    const { leader, replicas } = await this.partition(topic, partition)
    const next = replicas[(replicas.indexOf(leader) + 1) % replicas.length]!
    if (next === leader) throw new Error(`${topic}-${partition} has no other replica`)
    if (this.#devBroker !== undefined) this.#devBroker.partition(topic, partition).moveLeader(next)
    else await movePartition(this.connection, topic, partition, [next, ...replicas.filter((id) => id !== next)])
  }

  async partition(topic: string, partition: number): Promise<PartitionInfo> {
    const [described] = await this.admin.describeTopics([topic])
    return described!.partitions[partition]!
  }

  /** The offset that the next record gets, by partition. */
  async endOffsets(topic: string): Promise<number[]> {
    return this.#offsets(topic, 'latest')
  }

  async startOffsets(topic: string): Promise<number[]> {
    return this.#offsets(topic, 'earliest')
  }

  /** Every record of a topic, or of one of its partitions: by partition, then by offset. */
  async records(topic: string, partition?: number): Promise<StoredRecord[]> {
    const [starts, ends] = await Promise.all([this.startOffsets(topic), this.endOffsets(topic)])
    const records: StoredRecord[] = []
    for (const [index, end] of ends.entries()) {
      if (partition !== undefined && index !== partition) continue
      for (let offset = starts[index]!; offset < end; ) offset = await this.#fetch(topic, index, offset, end, records)
    }
    return records
  }

  /** For requests that the public clients do not make. */
  get connection(): ClusterConnection {
    this.#connection ??= connectToCluster(this.bootstrapServers)
    return this.#connection
  }

  /** Removes what was created, and the development broker. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#devBroker === undefined) {
      const existing = (await this.admin.listTopics()).filter((topic) => this.#names.has(topic))
      if (existing.length > 0) await this.admin.deleteTopics(existing)
    }
    await this.admin.close()
    await this.#connection?.close()
    await this.#devBroker?.close()
  }

  async #offsets(topic: string, at: 'earliest' | 'latest'): Promise<number[]> {
    const [described] = await this.admin.describeTopics([topic])
    const found = await this.admin.listOffsets(described!.partitions.map(({ partition }) => ({ topic, partition, at })))
    return found.sort((a, b) => a.partition - b.partition).map(({ offset }) => offset)
  }

  /** Reads on from `offset`; returns where to go on. */
  async #fetch(topic: string, index: number, offset: number, end: number, records: StoredRecord[]): Promise<number> {
    const node = await this.connection.leader(topic, index)
    const [described] = await this.admin.describeTopics([topic])
    const response = await this.connection.client.request(node, fetchApi, (version) => ({
      replicaId: -1,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      isolationLevel: 0,
      sessionEpoch: -1,
      topics: [
        {
          ...(version >= 13 ? { topicId: described!.id! } : { topic }),
          partitions: [{ partition: index, currentLeaderEpoch: -1, fetchOffset: offset, partitionMaxBytes: FETCH_BYTES }],
        },
      ],
    }))
    const { errorCode, records: bytes } = response.responses[0]!.partitions[0]!
    if (errorCode !== 0) throw new Error(`fetching ${topic}-${index} failed with error ${errorCode}`)
    const log = Buffer.from(bytes ?? [])
    let next = offset
    for (let at = 0; at + 12 <= log.length; ) {
      const header = readBatchHeader(log, at)
      if (at + header.sizeInBytes > log.length) break
      await loadCompression(header.compression)
      forEachRecord(log, at, (position, timestamp, cursor) => {
        if (position < offset || position >= end) return
        const { compression } = header
        records.push({
          partition: index,
          offset: position,
          timestamp,
          compression,
          batch: header,
          key: cursor.key(),
          value: cursor.value(),
          headers: cursor.readHeaders(),
        })
      })
      next = header.baseOffset + header.lastOffsetDelta + 1
      at += header.sizeInBytes
    }
    return next
  }
}

/**
 * Starts a development broker with so many nodes, or takes the real Kafka of this run, with as many as it has: a case that
 * cannot do with fewer is marked with `needs`.
 */
export async function testCluster({ nodes = 1 }: { readonly nodes?: 1 | 3 } = {}): Promise<TestCluster> {
  if (kafkaAddresses !== undefined) return new TestCluster(kafkaAddresses.join(','), undefined)
  const devBroker = await DevBroker.start({ nodes })
  return new TestCluster(devBroker.bootstrapServers, devBroker)
}
