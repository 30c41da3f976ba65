import type { ConsumerRecord, ConsumerRecords, KafkaConsumer, TopicPartition } from 'sluice'

/** How often something goes wrong. */
const EVERY_MS = 2500
/** A partition waits at most so long for records that can be lost. */
const GATHER_MS = 4000
const MOST = 5

/** What `--chaos` counts and tells. */
export interface ChaosFigures {
  lost: number
  doubled: number
  /** One line for each, with the exact offsets. */
  tell(line: string): void
}

/**
 * Makes a consumer lose and double a few records, as bugs in applications do: it seeks over records that wait, so that what
 * it commits next is behind them, or goes back to records that it got and has not committed. Tells which offsets.
 */
export class Chaos {
  readonly #consumer: KafkaConsumer<any, any>
  readonly #figures: ChaosFigures
  readonly #now: () => number
  #turn = 0
  #nextAt: number
  #gathering: { readonly partition: TopicPartition; readonly until: number } | undefined
  #stopped = false
  /** By partition: records before this offset are known to come again. */
  readonly #againUntil = new Map<number, number>()

  constructor(consumer: KafkaConsumer<any, any>, figures: ChaosFigures, now: () => number = () => performance.now()) {
    this.#consumer = consumer
    this.#figures = figures
    this.#now = now
    this.#nextAt = now() + EVERY_MS
  }

  /** Nothing more goes wrong, so that the run can end. */
  stop(): void {
    this.#stopped = true
    if (this.#gathering === undefined) return
    this.#consumer.resume([this.#gathering.partition])
    this.#gathering = undefined
  }

  /** Before each poll: loses records when it is time, and when there are some. */
  async beforePoll(signal: AbortSignal): Promise<void> {
    const now = this.#now()
    if (this.#gathering !== undefined) {
      await this.#lose(this.#gathering.partition, now >= this.#gathering.until, signal)
      return
    }
    if (this.#stopped || now < this.#nextAt || this.#turn % 2 !== 0) return
    const assignment = this.#consumer.assignment()
    const partition = assignment[(this.#turn / 2) % assignment.length]
    if (partition === undefined) return
    // Records gather in the broker while the partition is paused.
    this.#consumer.pause([partition])
    this.#gathering = { partition, until: now + GATHER_MS }
  }

  /** After each poll: goes back to a few of its records when it is time. */
  afterPoll(records: ConsumerRecords<any, any>): void {
    const now = this.#now()
    if (this.#stopped || this.#gathering !== undefined || now < this.#nextAt || this.#turn % 2 !== 1) return
    for (const { topic, partition, records: batch } of records.byPartition()) {
      const again = batch.slice(-MOST)
      const [first, last] = [again[0]!.offset, again.at(-1)!.offset]
      if (last - first !== again.length - 1) continue
      this.#consumer.seek({ topic, partition }, first)
      this.#againUntil.set(partition, last + 1)
      this.#figures.doubled += again.length
      this.#figures.tell(`chaos: doubled ${topic}-${partition} offsets ${first}-${last} (${again.length})`)
      this.#done(now)
      return
    }
  }

  /** True for a record that is given out a second time on purpose. */
  isAgain({ partition, offset }: ConsumerRecord<any, any>): boolean {
    return offset < (this.#againUntil.get(partition) ?? 0)
  }

  async #lose(partition: TopicPartition, isLate: boolean, signal: AbortSignal): Promise<void> {
    const position = await this.#consumer.position(partition, { signal })
    const [end] = await this.#consumer.endOffsets([partition], { signal })
    const count = Math.min(MOST, (end?.offset ?? position) - position)
    if (count < MOST && !isLate) return
    if (count > 0) {
      this.#consumer.seek(partition, position + count)
      this.#figures.lost += count
      const { topic, partition: number } = partition
      this.#figures.tell(`chaos: lost ${topic}-${number} offsets ${position}-${position + count - 1} (${count})`)
    }
    this.#consumer.resume([partition])
    this.#gathering = undefined
    this.#done(this.#now())
  }

  #done(now: number): void {
    this.#turn++
    this.#nextAt = now + EVERY_MS
  }
}
