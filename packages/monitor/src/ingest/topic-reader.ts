import {
  type ConsumerOptions,
  type ConsumerRecord,
  type ConsumerRecords,
  isKafkaError,
  KafkaConsumer,
  type Logger,
  type TopicPartition,
} from 'sluice'
import type { MonitorReport } from 'sluice/monitor-report'
import { checkReport } from './check-report.ts'
import type { ReportOffset, ReportSink, TakenReport } from './report-sink.ts'

export interface TopicReaderOptions {
  readonly topic: string
  /**
   * Collectors with the same group and the same store share the partitions of the topic. Without one this collector reads
   * all of them.
   */
  readonly group: string | undefined
  /** Connection settings, and whatever else a consumer takes. */
  readonly kafka: Pick<ConsumerOptions, 'bootstrapServers'> & Partial<ConsumerOptions>
  readonly logger: Logger
}

const POLL_MS = 500
const PARTITIONS_EVERY_MS = 30_000
const FIRST_BACKOFF_MS = 200
const MAX_BACKOFF_MS = 10_000
/** Reports of one poll: enough that a transaction is worth its while, few enough that it is short. */
const MAX_POLL_RECORDS = 200
const CLOSE_TIMEOUT_MS = 3000
/** A topic that does not exist is waited for, here and between attempts. */
const TOPIC_TIMEOUT_MS = 3000

/**
 * Reads the report topic. Where it goes on is kept in the store, in the transaction that keeps what was read: a reader that
 * dies anywhere goes on exactly there. A group only says who reads which partition; nothing is committed to it.
 */
export class TopicReader {
  readonly #options: TopicReaderOptions
  readonly #sink: ReportSink
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #problem: string | null = null
  #caughtUp = false
  #badReports = 0
  #partitions: readonly number[] = []

  constructor(sink: ReportSink, options: TopicReaderOptions) {
    this.#sink = sink
    this.#options = options
    this.#running = this.#run()
  }

  /** Why nothing can be read at present, or null. */
  get problem(): string | null {
    return this.#problem
  }

  /** True once the last poll found nothing more to read. */
  get caughtUp(): boolean {
    return this.#caughtUp
  }

  /** Records of the topic that are no reports. */
  get badReports(): number {
    return this.#badReports
  }

  /** Partitions of the report topic that this collector reads at present. */
  get partitions(): readonly number[] {
    return this.#partitions
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#read(() => (failures = 0))
      } catch (error) {
        if (signal.aborted) return
        this.#caughtUp = false
        if (failures === 0)
          this.#options.logger.warn('the report topic cannot be read; trying again', { topic: this.#options.topic, error })
        this.#problem = this.#explain(error)
        await pause(Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures++, 10)), signal)
      }
    }
  }

  /** One consumer, until something fails: its successor begins where the store says. */
  async #read(worked: () => void): Promise<void> {
    const { group, kafka, logger, topic } = this.#options
    const { signal } = this.#stop
    const consumer = new KafkaConsumer({
      fetchMaxWaitMs: POLL_MS,
      ...kafka,
      logger,
      clientId: kafka.clientId ?? 'sluice-monitor',
      ...(group === undefined ? {} : { groupId: group }),
      allowAutoCreateTopics: false,
      enableAutoCommit: false,
      autoOffsetReset: 'earliest',
      maxPollRecords: MAX_POLL_RECORDS,
      // An aborted report never was one.
      isolationLevel: 'read_committed',
    })
    try {
      let partitionsAt = Number.NEGATIVE_INFINITY
      if (group !== undefined) {
        consumer.subscribe([topic], {
          onPartitionsAssigned: (partitions) => this.#goOn(consumer, partitions),
        })
      }
      while (!signal.aborted) {
        if (group === undefined && performance.now() - partitionsAt > PARTITIONS_EVERY_MS) {
          await this.#assignAll(consumer)
          partitionsAt = performance.now()
        }
        const records = await consumer.poll({ timeoutMs: POLL_MS, signal })
        this.#partitions = consumer.assignment().map(({ partition }) => partition)
        this.#caughtUp = records.count === 0
        if (records.nextOffsets.length > 0) await this.#keep(records)
        this.#problem = null
        worked()
      }
    } finally {
      this.#partitions = []
      await consumer.close({ timeoutMs: CLOSE_TIMEOUT_MS }).catch(() => {})
    }
  }

  async #assignAll(consumer: KafkaConsumer): Promise<void> {
    const { topic } = this.#options
    const found = await consumer.partitionsFor(topic, { signal: this.#stop.signal, timeoutMs: TOPIC_TIMEOUT_MS })
    const partitions = found.map(({ partition }) => ({ topic, partition }))
    const before = consumer.assignment().map(({ partition }) => partition)
    const added = partitions.filter(({ partition }) => !before.includes(partition))
    if (added.length === 0) return
    consumer.assign(partitions)
    await this.#goOn(consumer, partitions)
  }

  /** Each partition goes on where the store says, or at its beginning; also when it has fewer records now than were read. */
  async #goOn(consumer: KafkaConsumer, partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return
    const stored = new Map(this.#sink.offsets(this.#options.topic).map(({ partition, offset }) => [partition, offset]))
    const ends = await consumer.endOffsets(partitions, { signal: this.#stop.signal })
    const beginning: TopicPartition[] = []
    for (const { topic, partition, offset: end } of ends) {
      const next = stored.get(partition)
      // The topic was deleted and created again.
      if (next === undefined || next > end) beginning.push({ topic, partition })
      else consumer.seek({ topic, partition }, next)
    }
    if (beginning.length > 0) consumer.seekToBeginning(beginning)
  }

  async #keep(records: ConsumerRecords<Buffer, Buffer>): Promise<void> {
    const reports: TakenReport[] = []
    for (const record of records) {
      const report = this.#reportOf(record)
      if (report === undefined) continue
      const byBroker = record.timestampType === 'LogAppendTime'
      reports.push({ report, receivedAt: byBroker ? record.timestamp : Date.now(), byBroker })
    }
    const offsets: ReportOffset[] = records.nextOffsets.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
    await this.#sink.write(reports, offsets)
  }

  /** Undefined for what is no report: it is counted, and reading goes on behind it. */
  #reportOf({ topic, partition, offset, value }: ConsumerRecord<Buffer, Buffer>): MonitorReport | undefined {
    try {
      return checkReport(JSON.parse(value?.toString('utf8') ?? ''))
    } catch (error) {
      const field = error instanceof SyntaxError ? 'not JSON' : (error as Error).message
      if (this.#badReports++ === 0)
        this.#options.logger.warn('a record of the report topic is no report', { topic, partition, offset, field })
      return undefined
    }
  }

  #explain(error: unknown): string {
    const { topic } = this.#options
    const code = isKafkaError(error) ? error.code : undefined
    if (code === 'UNKNOWN_TOPIC_OR_PARTITION' || (error as Error).message.includes('UNKNOWN_TOPIC_OR_PARTITION'))
      return `topic ${topic} does not exist yet; the first monitor() creates it`
    if (code === 'TOPIC_AUTHORIZATION_FAILED') return `topic ${topic} may not be read: allow READ and DESCRIBE on it`
    if (code === 'GROUP_AUTHORIZATION_FAILED') return `group ${this.#options.group} may not be used: allow READ on it`
    return `topic ${topic} cannot be read: ${(error as Error).message}`
  }
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, delayMs)
    signal.addEventListener('abort', end)
  })
}
