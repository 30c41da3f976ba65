import { completeBatchSize, errorCodes, LAST_OFFSET_DELTA_AT, readBatchHeader, type Writable } from '@sluice/protocol'
import { type FetchRequest, type FetchResponse, fetchApi, type PartitionData } from '@sluice/protocol/messages/fetch'
import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { ConsumerMetrics } from '../metrics/consumer-metrics.ts'
import { kafkaErrorFor, meansStaleMetadata } from '../network/broker-error.ts'
import type { Node, TopicInfo } from '../network/cluster.ts'
import type { KafkaClient } from '../network/kafka-client.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { CompletedFetch, type DecodeOptions } from './completed-fetch.ts'
import type { FetchedRecord } from './fetched-record.ts'
import type { OffsetResetStrategy, PartitionState, SubscriptionState } from './subscription-state.ts'
import type { Wakeup } from './wait.ts'

export interface FetchOptions<K, V> extends DecodeOptions<K, V> {
  readonly fetchMinBytes: number
  readonly fetchMaxBytes: number
  readonly maxPartitionFetchBytes: number
  readonly fetchMaxWaitMs: number
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  readonly metadataMaxAgeMs: number
  readonly clientRack?: string
  /** Null: a position that the broker no longer has is an error. */
  readonly resetStrategy: OffsetResetStrategy | null
}

/** What one `poll` takes of one partition. */
export interface FetchedPartition<K, V> {
  readonly state: PartitionState
  /** The state's version: any other means that the application has sought since. */
  readonly version: number
  /** Empty as long as `raw` waits for interceptors. */
  records: ConsumerRecord<K, V>[]
  /** For interceptors that see records before the deserializers. */
  readonly raw: FetchedRecord[] | null
  /** What the records were read from, as long as dead letters may need it. */
  readonly fetches: Buffer[] | null
  /** The position before and after: it may advance without records (compaction, aborted transactions). */
  readonly startOffset: number
  nextOffset: number
  /** Leader epoch of the record before `nextOffset`. */
  epoch: number | undefined
  /** Records that were fetched, whatever becomes of them. */
  count: number
}

/** Who looks at fetched records before the application does; nobody, as a rule. */
export interface FetchedBy {
  hasOnFetched(topic: string): boolean
}

interface Requested {
  readonly state: PartitionState
  readonly version: number
  readonly fetchOffset: number
}

/** Topic ids are used from this version on, names below. */
const FIRST_VERSION_WITH_TOPIC_IDS = 13
const NO_SESSION = { sessionId: 0, sessionEpoch: -1 }
/** How long a fetch may wait at the broker while a partition that has enough buffered is left out of it. */
const SHORT_WAIT_MS = 25

/**
 * Keeps data on its way: at most one fetch per node at a time, which goes out while the application works on what came
 * before (Java: Fetcher, AbstractFetch). A partition is asked again when less than `maxPartitionFetchBytes` of it is
 * buffered, so that at most twice that is held for each.
 */
export class Fetcher<K, V> {
  readonly #client: KafkaClient
  readonly #subscriptions: SubscriptionState
  readonly #options: FetchOptions<K, V>
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #wakeup: Wakeup
  readonly #metrics: ConsumerMetrics
  readonly #inFlight = new Set<number>()
  readonly #closing = new AbortController()
  /** In the order of arrival, across partitions. */
  #completed: CompletedFetch<K, V>[] = []

  constructor(
    client: KafkaClient,
    subscriptions: SubscriptionState,
    options: FetchOptions<K, V>,
    clock: Clock,
    logger: Logger,
    wakeup: Wakeup,
    metrics: ConsumerMetrics,
  ) {
    this.#client = client
    this.#subscriptions = subscriptions
    this.#options = options
    this.#clock = clock
    this.#logger = logger
    this.#wakeup = wakeup
    this.#metrics = metrics
  }

  /** Sends a fetch to every node that leads a fetchable partition and has none under way. Never waits. */
  sendFetches(): void {
    const now = this.#clock.monotonic()
    const byNode = new Map<number, { node: Node; states: PartitionState[]; hasFull: boolean }>()
    for (const state of this.#subscriptions.partitions()) {
      if (!state.isFetchable || state.retryAt > now || state.buffered.at(-1)?.error !== undefined) continue
      const node = this.#nodeFor(state, now)
      if (node === undefined) {
        this.#client.metadata.requestUpdate()
        continue
      }
      if (this.#inFlight.has(node.id)) continue
      let plan = byNode.get(node.id)
      if (plan === undefined) byNode.set(node.id, (plan = { node, states: [], hasFull: false }))
      if (state.bufferedBytes >= this.#options.maxPartitionFetchBytes) plan.hasFull = true
      else plan.states.push(state)
    }
    for (const { node, states, hasFull } of byNode.values()) {
      if (states.length > 0) void this.#fetch(node, states, hasFull)
    }
  }

  /** When a partition that has to wait after an error may be asked again; Infinity when none waits. */
  nextRetryAt(): number {
    let next = Infinity
    const now = this.#clock.monotonic()
    for (const { isFetchable, retryAt } of this.#subscriptions.partitions()) {
      if (isFetchable && retryAt > now && retryAt < next) next = retryAt
    }
    return next
  }

  /**
   * Takes up to `maxRecords` of what is buffered; positions stay until `advance`. Paused partitions, and those that
   * `select` refuses, keep what they have. Throws the error of a partition when there are no records before it.
   */
  collect(maxRecords: number, select?: (state: PartitionState) => boolean, by: FetchedBy | null = null): FetchedPartition<K, V>[] {
    const fetched: FetchedPartition<K, V>[] = []
    const kept: CompletedFetch<K, V>[] = []
    let room = maxRecords
    let bytes = 0
    let index = 0
    try {
      while (index < this.#completed.length && room > 0) {
        const fetch = this.#completed[index++]!
        const { state } = fetch
        if (!fetch.isCurrent) continue
        if (!state.isFetchable || (select !== undefined && !select(state))) {
          kept.push(fetch)
          continue
        }
        if (fetch.error !== undefined) {
          if (fetched.length === 0) {
            this.#surface(fetch, fetch.error)
            continue
          }
          kept.push(fetch)
          break
        }
        const earlier = fetched.find((other) => other.state === state)
        const partition = earlier ?? newPartition<K, V>(state, by)
        const target: (ConsumerRecord<K, V> | FetchedRecord)[] = partition.raw ?? partition.records
        const before = target.length
        const bytesBefore = fetch.bytesRead
        let outcome: 'drained' | 'more' | 'failed'
        try {
          outcome = this.#take(fetch, room, target, partition.raw !== null, fetched.length === 0)
        } catch (error) {
          kept.push(fetch)
          throw error
        }
        room -= target.length - before
        bytes += fetch.bytesRead - bytesBefore
        if (outcome === 'drained') state.buffered = state.buffered.filter((other) => other !== fetch)
        else kept.push(fetch)
        if (fetch.nextOffset > partition.nextOffset) {
          partition.nextOffset = fetch.nextOffset
          partition.epoch = target.at(-1)?.leaderEpoch ?? state.positionEpoch
          partition.count = target.length
          partition.fetches?.push(fetch.bytes)
          if (earlier === undefined) fetched.push(partition)
        }
        if (outcome === 'failed') break
      }
    } finally {
      this.#completed = [...kept, ...this.#completed.slice(index)]
    }
    if (fetched.length > 0) this.#measure(fetched, maxRecords - room, bytes)
    return fetched
  }

  /** The application gets what was collected of these partitions: the next `poll` goes on behind it. */
  advance({ state, nextOffset, epoch }: FetchedPartition<K, V>): void {
    state.position = nextOffset
    state.positionEpoch = epoch
  }

  /**
   * Reads of the partition go on at `offset`, though more was collected; `error`, if given, is then thrown by the first
   * `collect` that has nothing before it.
   */
  putBack({ state, startOffset }: FetchedPartition<K, V>, offset: number, error?: Error): void {
    state.seek(offset, offset === startOffset ? state.positionEpoch : undefined)
    if (error !== undefined) this.#push(new CompletedFetch<K, V>(state, offset, NO_BYTES, this.#options, null, error))
  }

  #measure(fetched: readonly FetchedPartition<K, V>[], records: number, bytes: number): void {
    const now = this.#clock.monotonic()
    this.#metrics.recordsTaken(records, bytes, now)
    for (const { state, nextOffset } of fetched) {
      const end = this.#options.isolationLevel === 'read_committed' ? state.lastStableOffset : state.highWatermark
      this.#metrics.lag(Math.max(0, end - nextOffset), now)
    }
  }

  /** `failed`: a record that cannot be given out follows. It is thrown by itself, not with records before it. */
  #take(
    fetch: CompletedFetch<K, V>,
    room: number,
    target: (ConsumerRecord<K, V> | FetchedRecord)[],
    isRaw: boolean,
    isFirst: boolean,
  ): 'drained' | 'more' | 'failed' {
    const wanted = target.length + room
    try {
      if (!fetch.take(room, target, isRaw)) return 'drained'
      return target.length < wanted ? 'failed' : 'more'
    } catch (error) {
      if (!isFirst || fetch.nextOffset > fetch.state.position) return 'failed'
      throw error
    }
  }

  close(): void {
    this.#closing.abort()
    this.#completed = []
  }

  #nodeFor(state: PartitionState, now: number): Node | undefined {
    const { cluster } = this.#client.metadata
    if (state.preferredReplica >= 0) {
      const replica = state.preferredReplicaUntil > now ? cluster.nodes.get(state.preferredReplica) : undefined
      if (replica !== undefined && !this.#client.connectionFailed(replica)) return replica
      state.preferredReplica = -1
    }
    const leader = cluster.topics.get(state.topic)?.partitions[state.partition]?.leader ?? -1
    return leader < 0 ? undefined : cluster.nodes.get(leader)
  }

  async #fetch(node: Node, states: readonly PartitionState[], hasFull: boolean): Promise<void> {
    const { cluster } = this.#client.metadata
    const { fetchMaxWaitMs, requestTimeoutMs } = this.#options
    const requested = new Map<string, Map<number, Requested>>()
    const namesById = new Map<string, string>()
    let hasIds = true
    for (const state of states) {
      const { topic, partition, version, fetchOffset } = state
      const id = cluster.topics.get(topic)?.id
      if (id === undefined) hasIds = false
      else namesById.set(id, topic)
      let partitions = requested.get(topic)
      if (partitions === undefined) requested.set(topic, (partitions = new Map()))
      partitions.set(partition, { state, version, fetchOffset })
    }
    const maxWaitMs = hasFull ? Math.min(SHORT_WAIT_MS, fetchMaxWaitMs) : fetchMaxWaitMs
    const request = this.#request(requested, cluster.topics, maxWaitMs)
    this.#inFlight.add(node.id)
    try {
      const response = await this.#client.request(node, fetchApi, request, {
        timeoutMs: requestTimeoutMs + maxWaitMs,
        maxVersion: hasIds ? undefined : FIRST_VERSION_WITH_TOPIC_IDS - 1,
        signal: this.#closing.signal,
      })
      this.#complete(requested, namesById, response)
    } catch (error) {
      if (this.#closing.signal.aborted) return
      this.#logger.debug('fetch failed', { node: node.id, error })
      this.#client.metadata.requestUpdate()
      for (const state of states) {
        state.preferredReplica = -1
        this.#backOff(state)
      }
      if (isFatal(error)) this.#fail(states[0]!, error)
    } finally {
      this.#inFlight.delete(node.id)
      this.#wakeup.notify()
    }
  }

  #request(
    requested: ReadonlyMap<string, ReadonlyMap<number, Requested>>,
    topics: ReadonlyMap<string, TopicInfo>,
    maxWaitMs: number,
  ): Writable<FetchRequest> {
    const { fetchMinBytes, fetchMaxBytes, maxPartitionFetchBytes, isolationLevel, clientRack } = this.#options
    return {
      replicaId: -1,
      maxWaitMs,
      minBytes: fetchMinBytes,
      maxBytes: fetchMaxBytes,
      isolationLevel: isolationLevel === 'read_committed' ? 1 : 0,
      ...NO_SESSION,
      rackId: clientRack ?? '',
      topics: [...requested].map(([topic, partitions]) => {
        const info = topics.get(topic)
        return {
          topic,
          ...(info?.id === undefined ? {} : { topicId: info.id }),
          partitions: [...partitions].map(([partition, { fetchOffset }]) => ({
            partition,
            currentLeaderEpoch: info?.partitions[partition]?.leaderEpoch ?? -1,
            fetchOffset,
            partitionMaxBytes: maxPartitionFetchBytes,
          })),
        }
      }),
    }
  }

  #complete(
    requested: ReadonlyMap<string, ReadonlyMap<number, Requested>>,
    namesById: ReadonlyMap<string, string>,
    response: FetchResponse,
  ): void {
    if (response.errorCode !== 0) throw kafkaErrorFor(response.errorCode, { message: 'the fetch as a whole failed' })
    let bytes = 0
    for (const { topic, topicId, partitions } of response.responses) {
      for (const { records } of partitions) bytes += records?.length ?? 0
      const entries = requested.get(topic || (namesById.get(topicId) ?? ''))
      if (entries === undefined) continue
      for (const data of partitions) {
        const entry = entries.get(data.partitionIndex)
        if (entry === undefined) continue
        const { state, version, fetchOffset } = entry
        // Sought or revoked while the fetch was under way.
        if (!state.isAssigned || state.version !== version || state.fetchOffset !== fetchOffset) continue
        this.#completePartition(state, fetchOffset, data)
      }
    }
    this.#metrics.fetched(bytes, this.#clock.monotonic())
  }

  #completePartition(state: PartitionState, fetchOffset: number, data: PartitionData): void {
    if (data.errorCode !== 0) {
      this.#failPartition(state, fetchOffset, data.errorCode)
      return
    }
    state.highWatermark = data.highWatermark
    state.lastStableOffset = data.lastStableOffset
    state.logStartOffset = data.logStartOffset
    if (data.preferredReadReplica >= 0) {
      state.preferredReplica = data.preferredReadReplica
      state.preferredReplicaUntil = this.#clock.monotonic() + this.#options.metadataMaxAgeMs
    }
    const records = data.records
    if (records === null || records.length === 0) return
    let end: number
    try {
      end = endOffset(records)
    } catch {
      // Decoding says where and what; the position of the fetch is as far as it can go.
      end = fetchOffset
    }
    if (end < 0) {
      const message = `the record at offset ${fetchOffset} is larger than the fetch limits: raise maxPartitionFetchBytes (max.partition.fetch.bytes) and fetchMaxBytes (fetch.max.bytes)`
      const error = new KafkaError('RECORD_TOO_LARGE', message, { topic: state.topic, partition: state.partition })
      this.#push(new CompletedFetch<K, V>(state, fetchOffset, NO_BYTES, this.#options, null, error))
      return
    }
    this.#push(new CompletedFetch<K, V>(state, fetchOffset, records, this.#options, data.abortedTransactions))
    state.fetchOffset = Math.max(fetchOffset, end)
    this.#subscriptions.moveToEnd(state)
  }

  #failPartition(state: PartitionState, fetchOffset: number, code: number): void {
    const { topic, partition } = state
    if (code === errorCodes.OFFSET_OUT_OF_RANGE) {
      // A follower may lag behind: the leader knows.
      if (state.preferredReplica >= 0) {
        state.preferredReplica = -1
        return
      }
      const message = `offset ${fetchOffset} does not exist in partition ${partition} of topic "${topic}"`
      const error = new OffsetOutOfRange('OFFSET_OUT_OF_RANGE', message, { topic, partition })
      this.#push(new CompletedFetch<K, V>(state, fetchOffset, NO_BYTES, this.#options, null, error))
      return
    }
    const error = kafkaErrorFor(code, { topic, partition })
    if (meansStaleMetadata(code)) this.#client.metadata.requestUpdate()
    if (error.retriable || code === errorCodes.UNKNOWN_SERVER_ERROR) {
      this.#logger.debug('fetch of a partition failed', { topic, partition, code: error.code })
      state.preferredReplica = -1
      this.#backOff(state)
      return
    }
    this.#fail(state, error)
  }

  /** Hands an error that no retry heals to the next `poll`, behind the records that came before it. */
  #fail(state: PartitionState, error: KafkaError): void {
    this.#backOff(state)
    this.#push(new CompletedFetch<K, V>(state, state.fetchOffset, NO_BYTES, this.#options, null, error))
  }

  #surface(fetch: CompletedFetch<K, V>, error: Error): void {
    const { state } = fetch
    state.buffered = state.buffered.filter((other) => other !== fetch)
    if (!(error instanceof OffsetOutOfRange)) throw error
    if (this.#options.resetStrategy === null) throw error
    this.#logger.info('position is out of range and is reset', {
      topic: state.topic,
      partition: state.partition,
      offset: state.position,
      to: this.#options.resetStrategy,
    })
    state.requestReset(this.#options.resetStrategy)
  }

  #push(fetch: CompletedFetch<K, V>): void {
    fetch.state.buffered.push(fetch)
    this.#completed.push(fetch)
  }

  #backOff(state: PartitionState): void {
    state.retryAt = this.#clock.monotonic() + this.#options.retryBackoffMs
  }
}

const NO_BYTES = Buffer.alloc(0)

/** Told apart from errors of interceptors, which may have any code. */
class OffsetOutOfRange extends KafkaError {}

function newPartition<K, V>(state: PartitionState, by: FetchedBy | null): FetchedPartition<K, V> {
  const { version, position } = state
  const raw: FetchedRecord[] | null = by?.hasOnFetched(state.topic) === true ? [] : null
  const fetches: Buffer[] | null = by === null ? null : []
  return { state, version, records: [], raw, fetches, startOffset: position, nextOffset: position, epoch: undefined, count: 0 }
}

function isFatal(error: unknown): error is KafkaError {
  return error instanceof KafkaError && (error.code === 'AUTHENTICATION' || error.code === 'UNSUPPORTED_VERSION')
}

/** The offset after the last whole batch; -1 when there is none. */
function endOffset(records: Buffer): number {
  let end = -1
  let at = 0
  for (let size = completeBatchSize(records, at); size >= 0; size = completeBatchSize(records, at)) {
    const last = at + size >= records.length || completeBatchSize(records, at + size) < 0
    if (last) end = readBatchHeader(records, at).baseOffset + records.readInt32BE(at + LAST_OFFSET_DELTA_AT) + 1
    at += size
  }
  return end
}
