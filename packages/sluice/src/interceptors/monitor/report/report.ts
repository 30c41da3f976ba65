/**
 * What a `monitor()` interceptor tells a collector: state, not deltas. A report may come twice, late, or not at all: the
 * next one has the latest value of every cell that changed, with a higher version, and replaces it. Across sessions, counts
 * are added and offsets united. On the wire a report is JSON (`application/json`), usually gzipped.
 */
export interface MonitorReport {
  readonly v: 1
  /** One interceptor in one client in one process: 16 hexadecimal digits, never used again. */
  readonly session: string
  /** Number of this report in its session, from 0. */
  readonly seq: number
  /**
   * Number of the last report before this one that is known to have arrived, -1 for none: with it and those before it, this
   * report is all that the session has to tell up to now. Numbers between belong to reports that may never come.
   */
  readonly after?: number
  readonly event: 'start' | 'report' | 'close'
  /** Milliseconds since 1970 by the clock of the client's machine, when the report was handed to its transport. */
  readonly sentAt: number
  /** How often this session reports, give or take a fifth, in milliseconds; three misses in a row and it counts as dead. @default 5000 */
  readonly intervalMs?: number
  /** When an earlier report was handed over and acknowledged, by the same clock: with the broker's time of that report, a clock probe. */
  readonly probe?: { readonly seq: number; readonly sentAt: number; readonly ackedAt: number }
  readonly client: MonitoredClient
  /** Cells that changed since the last report that was acknowledged. */
  readonly cells: readonly MonitorCell[]
  /** Assignments that changed since then. Consumers only. */
  readonly assignments: readonly MonitorAssignment[]
  /** Every interceptor of the chain, in list order. */
  readonly chain: readonly MonitoredInterceptor[]
  /** Cells that were given up because there were too many: then nothing is claimed about what was in them. */
  readonly droppedCells: number
  /** What the monitor itself takes, in nanoseconds per record. */
  readonly selfNs: number
}

export interface MonitoredClient {
  readonly role: 'producer' | 'consumer'
  readonly clientId: string
  readonly groupId?: string
  readonly clusterId?: string
  /** Name of the application, as the option `app` gives it. */
  readonly app?: string
  readonly host: string
  readonly pid: number
  readonly library: string
  readonly version: string
  readonly startedAt: number
}

/** Offsets as pairs of first offset and count, ascending, neither touching nor overlapping: [88120, 12, 88140, 1]. */
export type OffsetRanges = readonly number[]

/**
 * Numbers of one topic-partition in one window of 10 seconds, by the records' timestamps. What is absent is empty or 0.
 */
export interface MonitorCell {
  readonly topic: string
  readonly partition: number
  /** Begin of the window, milliseconds since 1970; -1 for records whose timestamp is more than an hour off. */
  readonly window: number
  /** Grows with every change; a higher one replaces a lower one of the same session, topic, partition and window. */
  readonly version: number
  /** Producer: acknowledged. Consumer: given to the application. */
  readonly records: number
  /** Of these records, keys and values before compression. */
  readonly bytes: number
  /** True when there were too many ranges: those given are right, but not all. */
  readonly approximate?: true

  /** Producer: offsets that brokers acknowledged; those of a transaction once it is committed. */
  readonly acked?: OffsetRanges
  /** Producer: offsets of transactions that were aborted. Nobody is owed them. */
  readonly aborted?: OffsetRanges
  /** Producer: of `acked`, those that had been acknowledged to this session in this window before: the log was truncated in between. */
  readonly overwritten?: OffsetRanges
  /** Producer: sends that failed, by error code. */
  readonly failed?: Readonly<Record<string, number>>
  /** Producer: from `send` to the acknowledgement, milliseconds. */
  readonly produce?: HistogramState

  /** Consumer: offsets that the application got, from `poll` or in a handler. */
  readonly seen?: OffsetRanges
  /** Consumer: offsets that interceptors took out, by interceptor and reason ("name: reason"). */
  readonly filtered?: Readonly<Record<string, OffsetRanges>>
  /** Consumer: offsets that this session had given out before, and which were not committed at that time. */
  readonly redelivered?: OffsetRanges
  /** Consumer: offsets that this session had given out before, and which were committed at that time (somebody went back). */
  readonly replayed?: OffsetRanges
  /** Consumer: from the record's timestamp to the fetch, milliseconds, signed, not corrected for the clocks. */
  readonly transit?: HistogramState
  /** Consumer: from the fetch to the handler. */
  readonly queue?: HistogramState
  /** Consumer: in the handler. */
  readonly process?: HistogramState
  /** Consumer: from the fetch to the commit that covers the record. */
  readonly commit?: HistogramState
  /** Records dropped on the way, by interceptor and reason. Producer: these have no offset. */
  readonly dropped?: Readonly<Record<string, number>>
  /** Level B, producer: sequence numbers that were acknowledged; in a cell of partition -1, as they count within the topic. */
  readonly sequences?: OffsetRanges
  /** Level B, consumer: sequence numbers that were read, by the first 8 digits of the producer's session. */
  readonly readSequences?: Readonly<Record<string, OffsetRanges>>
}

/**
 * A consumer's hold on a partition, from its first fetch there until it is given up. A new one begins when the partition
 * comes back after a rebalance, and when reading goes back; a leap forward stays in it. Of one that a new one took the place
 * of, the last state is reported too.
 */
export interface MonitorAssignment {
  readonly topic: string
  readonly partition: number
  /** Number within the session and partition, from 0. */
  readonly number: number
  readonly version: number
  /** The first offset that was read. */
  readonly begin: number
  /** By the client's clock. */
  readonly beganAt: number
  /** Reading goes on here: all before it was given out, filtered, or is not there. */
  readonly position: number
  /** The last offset that was committed (the next to read), -1 for none. */
  readonly committed: number
  readonly committedAt: number
  /** It ended in order; what is not told now never will be. */
  readonly ended?: true
}

export interface MonitoredInterceptor {
  readonly name: string
  readonly calls: number
  readonly errors: number
  readonly dropped: number
  readonly state: 'on' | 'off' | 'trying'
  /** Nanoseconds per call, measured in samples; -1 before the first. */
  readonly meanNs: number
  readonly maxNs: number
}

/** An exponential histogram as OpenTelemetry has it: bucket i holds values in (base^i, base^(i+1)], base = 2^(2^-scale). */
export interface HistogramState {
  readonly scale: number
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly zeros: number
  readonly offset: number
  readonly buckets: readonly number[]
  /** Of the absolute values of negative ones; left out without any. */
  readonly negativeOffset?: number
  readonly negativeBuckets?: readonly number[]
}

/** Windows are this long, aligned to the epoch. */
export const WINDOW_MS = 10_000
/** The topic that reports go to, unless told otherwise. Log-append time, key = session. */
export const MONITOR_TOPIC = '_sluice.monitor'

/** Level B: the header that numbers a record, four bytes for the producer's session and eight for the number in its topic. */
export const SEQUENCE_HEADER = 'sluice-sequence'
