import {
  type Clock,
  type ConsumerRecord,
  type ConsumerRecords,
  deadLetter,
  type InterceptorContext,
  isKafkaError,
  KafkaError,
  type Logger,
  type OnError,
  reject,
  silentLogger,
  type Verdict,
} from 'sluice'

const WARNING_INTERVAL_MS = 10_000

/**
 * What becomes of one record of a poll with which an interceptor failed, by its `onError`. Were the hook to throw, all
 * records of the poll would share its fate.
 */
export class RecordFailures {
  readonly #name: string
  readonly #onError: OnError
  #logger: Logger = silentLogger
  #clock: Clock | undefined
  #warnAgainAt = Number.NEGATIVE_INFINITY
  #untold = 0

  constructor(name: string, onError: OnError) {
    this.#name = name
    this.#onError = onError
  }

  configure({ logger, clock }: InterceptorContext): void {
    this.#logger = logger
    this.#clock = clock
  }

  /** As `records.map`, except that a record with which `change` throws is dealt with alone. */
  map(records: ConsumerRecords, change: (record: ConsumerRecord) => ConsumerRecord | Verdict): ConsumerRecords {
    return records.map((record) => {
      try {
        return change(record)
      } catch (cause) {
        return this.resolve(record, cause)
      }
    })
  }

  /** Calls `work` for each record, and leaves out those with which it throws and which may not pass. */
  forEach(records: ConsumerRecords, work: (record: ConsumerRecord) => void): ConsumerRecords {
    let failed: Map<ConsumerRecord, ConsumerRecord | Verdict> | undefined
    for (const record of records) {
      try {
        work(record)
      } catch (cause) {
        failed ??= new Map()
        failed.set(record, this.resolve(record, cause))
      }
    }
    return failed === undefined ? records : records.map((record) => failed.get(record) ?? record)
  }

  /** The record itself with `onError: 'continue'`, which is logged. `cause` holds nothing of the record's data. */
  resolve(record: ConsumerRecord, cause: unknown): ConsumerRecord | Verdict {
    const { topic, partition, offset } = record
    if (this.#onError === 'continue') {
      this.#warn(cause, topic, partition, offset)
      return record
    }
    const message = `interceptor "${this.#name}" failed with record ${offset} of ${topic}-${partition} and has onError: "${this.#onError}"; see cause`
    const error = new KafkaError('INTERCEPTOR', message, { topic, partition, cause })
    return this.#onError === 'fail' ? reject(error) : deadLetter(error)
  }

  #warn(cause: unknown, topic: string, partition: number, offset: number): void {
    const now = this.#clock?.monotonic() ?? 0
    if (now < this.#warnAgainAt) {
      this.#untold++
      return
    }
    this.#warnAgainAt = now + WARNING_INTERVAL_MS
    const fields = { interceptor: this.#name, topic, partition, offset, ...(this.#untold > 0 && { notLogged: this.#untold }) }
    this.#untold = 0
    this.#logger.warn(`interceptor "${this.#name}" failed with a record, which goes on as it was`, { ...fields, reason: reasonOf(cause) })
  }
}

/** What a log may say of it: messages of others, such as those of JSON.parse and BigInt, quote the data. */
export function reasonOf(cause: unknown): string {
  if (isKafkaError(cause)) return cause.message
  return cause instanceof Error ? cause.name : typeof cause
}
