import { crc32c, errorCodes, readBatchHeader } from '@sluice/protocol'
import type { Clock } from '../clock.ts'
import { validateBatch } from '../log/batch-validation.ts'
import type { MemoryBudget } from '../log/memory-budget.ts'
import { PartitionLog } from '../log/partition-log.ts'
import { ProducerState } from '../log/producer-state.ts'
import { type RecordError, validateRecords } from '../log/record-validation.ts'
import type { Topic } from './topic.ts'

/** Someone who waits for a partition: a fetch that long-polls. */
export interface PartitionWatcher {
  /** A batch of so many bytes was appended. Runs inside the produce request: must be quick and not throw. */
  onAppend(sizeInBytes: number): void
  /** The leader moved, its node went down, or the topic was deleted. */
  onChange(): void
}

export interface AppendResult {
  readonly errorCode: number
  readonly message: string | null
  /** The records that the batch was refused for; the others in it are not to blame. */
  readonly recordErrors: readonly RecordError[]
  readonly baseOffset: number
  /** -1 unless the topic stamps records on arrival. */
  readonly logAppendTimeMs: number
}

export interface AppendOptions {
  readonly zstdAllowed: boolean
  readonly verifyCrc: boolean
}

const LOG_APPEND_TIME_BIT = 0x08

/** One partition: its log, the producers it knows, and who leads it. */
export class Partition {
  readonly topic: Topic
  readonly index: number
  readonly log: PartitionLog
  readonly producers: ProducerState = new ProducerState()
  /** Node ids; the first one is the preferred leader. */
  replicas: readonly number[]
  /** Replicas whose nodes are up. */
  inSyncReplicas: readonly number[] = []
  /** Node id, or -1 while no replica's node is up. */
  leader = -1
  leaderEpoch = -1
  readonly #watchers: Set<PartitionWatcher> = new Set()
  readonly #budget: MemoryBudget
  readonly #clock: Clock

  constructor(topic: Topic, index: number, replicas: readonly number[], budget: MemoryBudget, clock: Clock) {
    this.topic = topic
    this.index = index
    this.replicas = replicas
    this.#budget = budget
    this.#clock = clock
    this.log = new PartitionLog(budget)
  }

  /** Every change of leader begins a new epoch. */
  setLeader(nodeId: number): void {
    if (nodeId === this.leader) return
    this.leader = nodeId
    this.leaderEpoch++
    this.log.beginEpoch(this.leaderEpoch)
    this.changed()
  }

  /** Tells the watchers that the partition is not what it was. */
  changed(): void {
    for (const watcher of [...this.#watchers]) watcher.onChange()
  }

  watch(watcher: PartitionWatcher): void {
    this.#watchers.add(watcher)
  }

  unwatch(watcher: PartitionWatcher): void {
    this.#watchers.delete(watcher)
  }

  get watcherCount(): number {
    return this.#watchers.size
  }

  /** Checks and appends what a producer sent. `records` belongs to the partition from here on. */
  append(records: Buffer | null, options: AppendOptions): AppendResult {
    const config = this.topic.config
    const { header, errorCode, message } = validateBatch(records, { ...options, maxMessageBytes: config.maxMessageBytes })
    if (header === null || records === null) return failed(errorCode, message)
    const refused = validateRecords(records, header, config, this.#clock.now())
    if (refused !== null) return failed(refused.errorCode, refused.message, refused.recordErrors)
    const sequence = this.producers.check(header)
    if (sequence.kind === 'error') return failed(sequence.errorCode, sequence.message)
    if (sequence.kind === 'duplicate') {
      return { errorCode: 0, message: null, recordErrors: [], baseOffset: sequence.baseOffset, logAppendTimeMs: sequence.timestamp }
    }

    let stored = header
    let logAppendTimeMs = -1
    if (config.logAppendTime) {
      logAppendTimeMs = this.#clock.now()
      stampAppendTime(records, logAppendTimeMs)
      stored = readBatchHeader(records, 0)
    }
    this.applyRetention()
    const baseOffset = this.log.append(records, stored, this.leaderEpoch)
    if (baseOffset === -1) {
      const limit = this.#budget.limitBytes
      return failed(errorCodes.KAFKA_STORAGE_ERROR, `the development broker may hold no more than maxMemoryBytes ${limit}`)
    }
    this.producers.appended(header, baseOffset, logAppendTimeMs)
    this.applyRetention()
    for (const watcher of this.#watchers) watcher.onAppend(records.length)
    return { errorCode: 0, message: null, recordErrors: [], baseOffset, logAppendTimeMs }
  }

  /** Deletes what the topic's configuration says is too old or too much; nothing unless it was asked for. */
  applyRetention(): void {
    const { retentionBytes, retentionMs } = this.topic.config
    if (retentionBytes < 0 && retentionMs < 0) return
    this.log.applyRetention(retentionBytes, retentionMs < 0 ? -Infinity : this.#clock.now() - retentionMs)
  }
}

/** The only change to a batch that its checksum covers (Java: DefaultRecordBatch.setMaxTimestamp). */
function stampAppendTime(batch: Buffer, now: number): void {
  batch.writeInt16BE(batch.readInt16BE(21) | LOG_APPEND_TIME_BIT, 21)
  batch.writeBigInt64BE(BigInt(now), 35)
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17)
}

function failed(errorCode: number, message: string | null, recordErrors: readonly RecordError[] = []): AppendResult {
  return { errorCode, message, recordErrors, baseOffset: -1, logAppendTimeMs: -1 }
}
