import type { SendOutcome } from '../interceptor/producer-chain.ts'
import type { SendContext } from '../interceptor/send-context.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { RecordBytes } from './record-bytes.ts'
import type { Reject, Resolve, SendCallback } from './record-thunks.ts'
import { SendQueue } from './send-queue.ts'

/** A send that could not go through at once: its topic is not known yet, there is no memory, or others wait before it. */
export class WaitingSend {
  /** Its headers are those of the bytes, once interceptors have changed these. */
  record: ProducerRecord
  /** The interceptors to tell of its end. */
  readonly context: SendContext | null
  /** Once it is serialized: what waits for memory, or for its topic. */
  bytes: RecordBytes | undefined
  /** The partition is chosen: `bytes` has it. */
  isPlaced = false
  /** Until `onSerialized` hooks that gave a promise have finished. */
  prepared: Promise<SendOutcome<'onSerialized'>> | undefined
  readonly settle: SendCallback | Resolve
  readonly reject: Reject | null
  /** Monotonic time at which `maxBlockMs` is over. */
  deadlineMs: number
  readonly signal: AbortSignal | undefined
  #done = false
  #abortListener: (() => void) | undefined
  #onDone: (() => void) | undefined

  constructor(
    record: ProducerRecord,
    context: SendContext | null,
    bytes: RecordBytes | undefined,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ) {
    this.record = record
    this.context = context
    this.bytes = bytes
    this.settle = settle
    this.reject = reject
    this.deadlineMs = deadlineMs
    this.signal = signal
  }

  /** Through or given up: nothing more is to be done for it. */
  get done(): boolean {
    return this.#done
  }

  onAbort(listener: () => void): void {
    if (this.signal === undefined) return
    this.#abortListener = listener
    this.signal.addEventListener('abort', listener, { once: true })
  }

  /** Resolves with undefined once nothing more is to be done for it. */
  whenDone(): Promise<undefined> {
    if (this.#done) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#onDone = () => resolve(undefined)
    })
  }

  finish(): void {
    this.#done = true
    this.#onDone?.()
    if (this.#abortListener !== undefined) this.signal!.removeEventListener('abort', this.#abortListener)
  }
}

/** One topic's queue, in the order of the calls of `send`. */
class TopicWaitingSends extends SendQueue<WaitingSend> {
  /** How many, from the first, are prepared or were looked at. */
  prepared = 0
}

/**
 * Sends that have to wait, first come first served for each topic: a send never passes an earlier one to the same topic,
 * one to another topic may. (In Java `send` blocks its thread instead.)
 */
export class WaitingSends {
  readonly #byTopic = new Map<string, TopicWaitingSends>()
  readonly #resume: (send: WaitingSend) => Promise<void> | undefined
  readonly #prepare: (send: WaitingSend) => boolean
  readonly #concurrency: number

  /**
   * `resume` puts one send through or fails it, and never throws; it returns a promise only when it has to wait. While the
   * first of a topic waits for its `onSerialized`, `prepare` begins those of the ones behind it, as many as `concurrency`;
   * it returns false when it cannot now.
   */
  constructor(resume: (send: WaitingSend) => Promise<void> | undefined, prepare: (send: WaitingSend) => boolean, concurrency: number) {
    this.#resume = resume
    this.#prepare = prepare
    this.#concurrency = concurrency
  }

  has(topic: string): boolean {
    return this.#byTopic.size > 0 && this.#byTopic.has(topic)
  }

  add(send: WaitingSend): void {
    const { topic } = send.record
    const queue = this.#byTopic.get(topic)
    if (queue !== undefined) {
      queue.add(send)
      this.#prepareAhead(queue)
      return
    }
    const created = new TopicWaitingSends()
    created.add(send)
    this.#byTopic.set(topic, created)
    void this.#work(topic, created)
  }

  /** Resolves when every send that waits now has gone through or failed, also those that became dead letters. */
  async whenLeft(): Promise<void> {
    await this.#whenQueuesLeft()
    // A dead letter waits in the queue of another topic. It cannot become one again.
    await this.#whenQueuesLeft()
  }

  async #whenQueuesLeft(): Promise<void> {
    await Promise.all([...this.#byTopic.values()].map((queue) => queue.whenLeft()))
  }

  waiting(): readonly WaitingSend[] {
    return [...this.#byTopic.values()].flatMap((queue) => queue.all())
  }

  async #work(topic: string, queue: TopicWaitingSends): Promise<void> {
    // Not within the send that began the queue: it may be running inside a serializer or a partitioner.
    await null
    for (let send = queue.first; send !== undefined; send = queue.first) {
      if (!send.done) {
        const waiting = this.#resume(send)
        if (waiting !== undefined) {
          this.#prepareAhead(queue)
          await waiting
        }
      }
      queue.removeFirst()
      if (queue.prepared > 0) queue.prepared--
    }
    this.#byTopic.delete(topic)
  }

  #prepareAhead(queue: TopicWaitingSends): void {
    if (queue.first?.prepared === undefined) return
    const limit = Math.min(queue.length, this.#concurrency)
    for (queue.prepared = Math.max(1, queue.prepared); queue.prepared < limit; queue.prepared++) {
      const send = queue.at(queue.prepared)!
      if (!send.done && !this.#prepare(send)) return
    }
  }
}
