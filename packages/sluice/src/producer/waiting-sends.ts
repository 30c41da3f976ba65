import type { ProducerRecord } from '../record/producer-record.ts'
import type { RecordBytes } from './record-bytes.ts'
import type { Reject, Resolve, SendCallback } from './record-thunks.ts'

/** A send that could not go through at once: its topic is not known yet, there is no memory, or others wait before it. */
export class WaitingSend {
  readonly record: ProducerRecord
  /** Once it is serialized: what waits for memory. */
  bytes: RecordBytes | undefined
  readonly settle: SendCallback | Resolve
  readonly reject: Reject | null
  /** Monotonic time at which `maxBlockMs` is over. */
  readonly deadlineMs: number
  readonly signal: AbortSignal | undefined
  #done = false
  #abortListener: (() => void) | undefined

  constructor(
    record: ProducerRecord,
    bytes: RecordBytes | undefined,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ) {
    this.record = record
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

  finish(): void {
    this.#done = true
    if (this.#abortListener !== undefined) this.signal!.removeEventListener('abort', this.#abortListener)
  }
}

/** One topic's queue, in the order of the calls of `send`. */
class TopicWaitingSends {
  readonly #sends: (WaitingSend | undefined)[] = []
  #head = 0
  #added = 0
  #left = 0
  #watchers: { readonly from: number; readonly resolve: () => void }[] = []

  add(send: WaitingSend): void {
    this.#sends.push(send)
    this.#added++
  }

  get first(): WaitingSend | undefined {
    return this.#sends[this.#head]
  }

  removeFirst(): void {
    this.#sends[this.#head++] = undefined
    this.#left++
    // Half of it at a time: a loop of sends may have millions wait, and moving them all for every few would take its square.
    if (this.#head >= 1024 && this.#head * 2 >= this.#sends.length) {
      this.#sends.splice(0, this.#head)
      this.#head = 0
    }
    while (this.#watchers.length > 0 && this.#watchers[0]!.from <= this.#left) this.#watchers.shift()!.resolve()
  }

  /** Resolves when everything that waits now has left the queue. */
  whenLeft(): Promise<void> {
    return new Promise((resolve) => this.#watchers.push({ from: this.#added, resolve }))
  }

  waiting(): readonly WaitingSend[] {
    return this.#sends.slice(this.#head) as WaitingSend[]
  }
}

/**
 * Sends that have to wait, first come first served for each topic: a send never passes an earlier one to the same topic,
 * one to another topic may. (In Java `send` blocks its thread instead.)
 */
export class WaitingSends {
  readonly #byTopic = new Map<string, TopicWaitingSends>()
  readonly #resume: (send: WaitingSend) => Promise<void> | undefined

  /** `resume` puts one send through or fails it, and never throws; it returns a promise only when it has to wait. */
  constructor(resume: (send: WaitingSend) => Promise<void> | undefined) {
    this.#resume = resume
  }

  has(topic: string): boolean {
    return this.#byTopic.size > 0 && this.#byTopic.has(topic)
  }

  add(send: WaitingSend): void {
    const { topic } = send.record
    const queue = this.#byTopic.get(topic)
    if (queue !== undefined) {
      queue.add(send)
      return
    }
    const created = new TopicWaitingSends()
    created.add(send)
    this.#byTopic.set(topic, created)
    void this.#work(topic, created)
  }

  /** Resolves when every send that waits now has gone through or failed. */
  async whenLeft(): Promise<void> {
    await Promise.all([...this.#byTopic.values()].map((queue) => queue.whenLeft()))
  }

  waiting(): readonly WaitingSend[] {
    return [...this.#byTopic.values()].flatMap((queue) => queue.waiting())
  }

  async #work(topic: string, queue: TopicWaitingSends): Promise<void> {
    // Not within the send that began the queue: it may be running inside a serializer or a partitioner.
    await null
    for (let send = queue.first; send !== undefined; send = queue.first) {
      if (!send.done) {
        const waiting = this.#resume(send)
        if (waiting !== undefined) await waiting
      }
      queue.removeFirst()
    }
    this.#byTopic.delete(topic)
  }
}
