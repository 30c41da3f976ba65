import { AsyncLocalStorage } from 'node:async_hooks'
import { isKafkaError, KafkaError } from '../errors.ts'
import { checkCallOptions } from '../options/call-options.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import type { PartitionRecords } from '../record/consumer-records.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import type { Delivery } from './delivery.ts'
import type { InterceptedDelivery } from './intercepted-delivery.ts'
import type { OffsetTracker } from './offset-tracker.ts'
import { endTracking, isGivenUp, type RecordSource, track } from './record-source.ts'
import type { PartitionState } from './subscription-state.ts'

export interface RunOptions<K, V> {
  /** Called with one record at a time of each partition, in offset order. It may seek, pause, unsubscribe and close, and wait for these. */
  readonly eachRecord?: (record: ConsumerRecord<K, V>) => void | Promise<void>
  /** Called with the records that one poll gave of a partition; they are done when it returns. */
  readonly eachBatch?: (batch: PartitionRecords<K, V>) => void | Promise<void>
  /** How many partitions are worked on at the same time. @default 1 */
  readonly concurrency?: number
  /** Ends `run` after the handlers that are at work. */
  readonly signal?: AbortSignal
}

/** What one poll gave of a partition. */
interface Batch<K, V> {
  readonly records: PartitionRecords<K, V>
  readonly intercepted: InterceptedDelivery<K, V> | null
}

/** One partition's records that no handler has had yet. */
interface Work<K, V> extends TopicPartition {
  readonly key: string
  /** One entry for each poll that gave records. */
  readonly batches: Batch<K, V>[]
  readonly state: PartitionState | undefined
  tracker: OffsetTracker | undefined
  /** Settles when the handler at work is done. */
  active: Promise<void> | null
  /** Given up: no more of it is handed out. */
  isCancelled: boolean
  /** Made when an interceptor around the handler asks for its signal. */
  controller: AbortController | undefined
}

const POLL_MS = 1000
const RUN_OPTIONS: readonly string[] = ['eachRecord', 'eachBatch', 'concurrency', 'signal']

/** What the handler whose code runs now works on: `close` or `unsubscribe` within a handler must not wait for that handler. */
const handling = new AsyncLocalStorage<object>()

/**
 * `consumer.run`: polls on while handlers work, so that the group stays in touch, and keeps at most one handler at work
 * for each partition. Offsets are committed as far as records are done, without gaps; a handler that throws ends `run`,
 * and its record comes again.
 */
export class RecordRunner<K, V> {
  readonly #source: RecordSource<K, V>
  readonly #options: RunOptions<K, V>
  readonly #concurrency: number
  readonly #work = new Map<string, Work<K, V>>()
  readonly #ready: Work<K, V>[] = []
  #activeCount = 0
  #failure: { readonly error: unknown } | null = null
  #hasProgressed = true

  constructor(source: RecordSource<K, V>, options: RunOptions<K, V>) {
    checkCallOptions('run', options, RUN_OPTIONS)
    const { eachRecord, eachBatch, concurrency = 1 } = options ?? {}
    if ((eachRecord === undefined) === (eachBatch === undefined)) {
      throw new KafkaError('INVALID_ARGUMENT', 'run takes either eachRecord or eachBatch')
    }
    if (typeof (eachRecord ?? eachBatch) !== 'function') {
      throw new KafkaError('INVALID_ARGUMENT', `run: ${eachRecord === undefined ? 'eachBatch' : 'eachRecord'} must be a function`)
    }
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new KafkaError('INVALID_ARGUMENT', `concurrency must be a whole number from 1, not ${String(concurrency)}`)
    }
    this.#source = source
    this.#options = options
    this.#concurrency = concurrency
  }

  /** Resolves when the signal aborts or the consumer is closed; rejects with what a handler threw. */
  async run(): Promise<void> {
    const { signal } = this.#options
    const onAbort = (): void => this.#source.wakeup.notify()
    signal?.addEventListener('abort', onAbort)
    this.#source.setDrain((partitions) => this.#drain(partitions))
    try {
      await this.#loop()
    } finally {
      signal?.removeEventListener('abort', onAbort)
      const works = [...this.#work.values()]
      for (const work of works) work.isCancelled = true
      await Promise.all(works.map(({ active }) => active))
      for (const work of works) letGo(work)
      this.#source.setDrain(null)
      endTracking(this.#source.subscriptions)
    }
    if (!this.#source.closing.aborted) {
      if (this.#failure === null) await this.#source.commitDone()
      else await this.#source.commitDone().catch(() => {})
    }
    if (this.#failure !== null) throw this.#failure.error
  }

  get #isStopping(): boolean {
    return this.#failure !== null || this.#options.signal?.aborted === true
  }

  async #loop(): Promise<void> {
    while (!this.#isStopping) {
      let delivery: Delivery<K, V> | null
      try {
        delivery = await this.#source.next({
          timeoutMs: POLL_MS,
          select: (state) => this.#hasRoom(state),
          isInterrupted: () => this.#isStopping,
          isAlive: () => this.#isAlive(),
        })
      } catch (error) {
        if (isKafkaError(error) && error.code === 'CLOSED') return
        throw error
      }
      if (delivery !== null) this.#take(delivery)
    }
  }

  /** A partition whose records wait for a handler gets no more; what was fetched stays where it is. */
  #hasRoom({ topic, partition }: PartitionState): boolean {
    return !this.#isStopping && !this.#work.has(`${topic}-${partition}`)
  }

  /** Handlers that hang must not look like progress. */
  #isAlive(): boolean {
    const isAlive = this.#hasProgressed || this.#activeCount === 0
    this.#hasProgressed = false
    return isAlive
  }

  #take(delivery: Delivery<K, V>): void {
    const trackers = track(delivery)
    const { intercepted } = delivery
    for (const records of delivery.records.byPartition()) {
      const { topic, partition } = records
      const batch: Batch<K, V> = { records, intercepted }
      intercepted?.hold()
      const key = `${topic}-${partition}`
      const state = this.#source.subscriptions.get(topic, partition)
      const work: Work<K, V> = {
        topic,
        partition,
        key,
        batches: [batch],
        state,
        tracker: trackers.get(key),
        active: null,
        isCancelled: false,
        controller: undefined,
      }
      const before = this.#work.get(key)
      if (before !== undefined && !before.isCancelled) before.batches.push(batch)
      else {
        this.#work.set(key, work)
        this.#ready.push(work)
      }
    }
    intercepted?.done()
    this.#dispatch()
  }

  #dispatch(): void {
    while (this.#activeCount < this.#concurrency && !this.#isStopping) {
      const work = this.#ready.shift()
      if (work === undefined) return
      if (work.isCancelled) continue
      this.#activeCount++
      work.active = handling.run(work, this.#handle, work).then(() => {
        this.#activeCount--
        work.active = null
        if (this.#work.get(work.key) === work) this.#work.delete(work.key)
        this.#dispatch()
        this.#source.wakeup.notify()
      })
    }
  }

  /** Never rejects: what a handler throws is kept for `run`. */
  readonly #handle = async (work: Work<K, V>): Promise<void> => {
    try {
      for (let batch = work.batches[0]; batch !== undefined; batch = work.batches[0]) {
        if (!(await this.#handleBatch(batch, work))) break
        work.batches.shift()
        batch.intercepted?.done()
      }
    } catch (error) {
      this.#failure ??= { error }
      this.#source.wakeup.notify()
    } finally {
      letGo(work)
    }
  }

  /** False when the rest of it is not wanted any more. */
  async #handleBatch({ records: batch, intercepted }: Batch<K, V>, work: Work<K, V>): Promise<boolean> {
    const { eachRecord, eachBatch } = this.#options
    const signal = (): AbortSignal => signalOf(work)
    if (eachBatch !== undefined) {
      if (this.#isOver(work)) return false
      const around = intercepted?.aroundBatch(batch, eachBatch, signal) ?? null
      await (around === null ? eachBatch(batch) : around.run(batch))
      this.#hasProgressed = true
      for (const record of batch.records) work.tracker?.done(record)
      return true
    }
    const around = intercepted?.aroundRecords(batch, eachRecord!, signal) ?? null
    for (const record of batch.records) {
      if (this.#isOver(work)) return false
      const handled = around === null ? eachRecord!(record) : around.run(record)
      // A handler that returns nothing costs no turn of the microtask queue.
      if (handled !== undefined) await handled
      this.#hasProgressed = true
      work.tracker?.done(record)
    }
    return true
  }

  #isOver(work: Work<K, V>): boolean {
    return work.isCancelled || this.#isStopping || isGivenUp(work.state, work.tracker)
  }

  /**
   * Partitions are given up: hands out no more of them and waits for the handlers at work. A partition that comes back
   * meanwhile gets nothing before its old handler is done.
   */
  async #drain(partitions: readonly TopicPartition[]): Promise<void> {
    const leaving: (Promise<void> | null)[] = []
    for (const { topic, partition } of partitions) {
      const work = this.#work.get(`${topic}-${partition}`)
      if (work === undefined) continue
      work.isCancelled = true
      work.controller?.abort(new KafkaError('ABORTED', `partition ${partition} of topic "${topic}" is given up, or the consumer is closed`))
      if (work.active === null) {
        this.#work.delete(work.key)
        letGo(work)
      } else if (handling.getStore() !== work) leaving.push(work.active)
    }
    await Promise.all(leaving)
  }
}

/** Interceptors need wait no longer for what was not handled. */
function letGo(work: Work<any, any>): void {
  for (const { intercepted } of work.batches.splice(0)) intercepted?.done()
}

function signalOf(work: Work<any, any>): AbortSignal {
  work.controller ??= new AbortController()
  if (work.isCancelled) work.controller.abort()
  return work.controller.signal
}
