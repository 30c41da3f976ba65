import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { ConsumerInterceptors } from '../interceptor/consumer-interceptors.ts'
import type { ConsumerMetrics } from '../metrics/consumer-metrics.ts'
import type { ResolvedConsumerOptions } from '../options/consumer-options.ts'
import type { ConsumerCoordinator } from './coordinator/consumer-coordinator.ts'
import type { DeadLetters } from './dead-letters.ts'
import { type Delivery, recordsOf } from './delivery.ts'
import type { FetchedPartition, Fetcher } from './fetcher.ts'
import { InterceptedDelivery, type InterceptedDeliveryParts } from './intercepted-delivery.ts'
import type { OffsetReset } from './offset-reset.ts'
import { publishPoll } from './poll-diagnostics.ts'
import type { SourceOptions } from './record-source.ts'
import type { SubscriptionState } from './subscription-state.ts'
import type { TopicMetadata } from './topic-metadata.ts'
import { abortedError, type Deadline, deadlineIn, throwIfAborted, type Wakeup } from './wait.ts'

export interface RecordReaderParts<K, V> {
  readonly subscriptions: SubscriptionState
  readonly topics: TopicMetadata
  readonly coordinator: ConsumerCoordinator | null
  readonly reset: OffsetReset
  readonly fetcher: Fetcher<K, V>
  readonly interceptors: ConsumerInterceptors
  readonly deadLetters: DeadLetters
  readonly metrics: ConsumerMetrics
  readonly wakeup: Wakeup
  readonly clock: Clock
  /** Fires when the consumer is being closed. */
  readonly closing: AbortSignal
}

/** One read after the other, for `poll`, the iterator and `run`. */
export class RecordReader<K, V> {
  readonly #options: ResolvedConsumerOptions<K, V>
  readonly #parts: RecordReaderParts<K, V>
  readonly #deliveryParts: InterceptedDeliveryParts<K, V>
  #reading: Promise<unknown> | null = null

  constructor(options: ResolvedConsumerOptions<K, V>, parts: RecordReaderParts<K, V>) {
    this.#options = options
    this.#parts = parts
    const { fetcher, deadLetters } = parts
    this.#deliveryParts = { fetcher, deadLetters, deserializers: options, concurrency: options.interceptorConcurrency }
  }

  /** The call that reads records now. */
  get reading(): Promise<unknown> | null {
    return this.#reading
  }

  /** Null when nothing came in time. */
  async read(options: SourceOptions): Promise<Delivery<K, V> | null> {
    if (this.#reading !== null) throw new KafkaError('ILLEGAL_STATE', 'the consumer is being polled already: one call at a time')
    if (this.#parts.subscriptions.mode === 'none')
      throw new KafkaError('ILLEGAL_STATE', 'the consumer is not subscribed to any topics: call subscribe or assign first')
    const reading = this.#loop(options)
    this.#reading = reading
    try {
      return await reading
    } finally {
      this.#reading = null
    }
  }

  /** How long nothing can happen that nobody is woken up for. */
  untilNextStep(deadline: Deadline): number {
    const { fetcher, reset, coordinator, clock } = this.#parts
    const next = Math.min(deadline.at, fetcher.nextRetryAt(), reset.nextRetryAt(), coordinator?.nextStepAt ?? Infinity)
    return Math.max(1, next - clock.monotonic())
  }

  async #loop({ timeoutMs, signal, select, isInterrupted, isAlive }: SourceOptions): Promise<Delivery<K, V> | null> {
    const { clock, metrics, wakeup, coordinator, topics, reset, fetcher, interceptors } = this.#parts
    const deadline = deadlineIn(clock, timeoutMs)
    metrics.polled(clock.monotonic())
    for (let turn = 0; ; turn++) {
      throwIfAborted(signal)
      this.#throwIfClosing()
      const seen = wakeup.count
      await coordinator?.poll(isAlive?.() ?? true)
      this.#throwIfClosing()
      if (interceptors.failure !== undefined) throw interceptors.failure
      topics.throwError()
      reset.update()
      // A batch goes through the chain that is in force when it is taken, whatever replaces that meanwhile.
      const { chain } = interceptors
      const mayTake = interceptors.configuring === undefined
      const fetched = mayTake ? fetcher.collect(this.#options.maxPollRecords, select, chain.isEmpty ? null : chain) : []
      // The next fetch is under way while the application works on this one.
      fetcher.sendFetches()
      if (fetched.length > 0) {
        const made = chain.isEmpty
          ? this.#deliver(fetched)
          : this.#intercept(new InterceptedDelivery(chain, fetched, this.#deliveryParts), signal)
        const delivery = made instanceof Promise ? await made : made
        if (delivery !== null) {
          publishPoll(this.#options.clientId, this.#options.groupId, delivery)
          return delivery
        }
      }
      // Connections and timers need a turn even when nobody waits.
      if (timeoutMs <= 0 && turn === 0) await new Promise((resolve) => setImmediate(resolve))
      else if (deadline.expired || isInterrupted?.()) return null
      else await wakeup.wait(this.untilNextStep(deadline), signal, seen)
    }
  }

  #deliver(fetched: readonly FetchedPartition<K, V>[]): Delivery<K, V> {
    const records = recordsOf(fetched)
    for (const partition of fetched) this.#parts.fetcher.advance(partition)
    return { records, fetched, intercepted: null }
  }

  #throwIfClosing(): void {
    if (this.#parts.closing.aborted) throw closedError()
  }

  /** Interceptors may take their time: the caller's signal and `close` end the wait, and the records come again. */
  #intercept(
    intercepted: InterceptedDelivery<K, V>,
    signal: AbortSignal | undefined,
  ): Delivery<K, V> | null | Promise<Delivery<K, V> | null> {
    const delivering = intercepted.run()
    if (!(delivering instanceof Promise)) return delivering
    const { closing } = this.#parts
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        const reason = signal?.aborted ? abortedError(signal) : closedError()
        intercepted.giveUp(reason)
        reject(reason)
      }
      const settled = (): void => {
        signal?.removeEventListener('abort', stop)
        closing.removeEventListener('abort', stop)
      }
      delivering.finally(settled).then(resolve, reject)
      signal?.addEventListener('abort', stop)
      closing.addEventListener('abort', stop)
      if (signal?.aborted || closing.aborted) stop()
    })
  }
}

function closedError(): KafkaError {
  return new KafkaError('CLOSED', 'the consumer was closed')
}
