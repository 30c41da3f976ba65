/** What was sent and what became of it, and what the log holds in the end. One number per key counts up. */
export class Ledger {
  readonly #acknowledged: Set<number>[]
  readonly #failed: Set<number>[]
  readonly #next: number[]
  readonly #inLog: Map<number, number>[]
  readonly #lastInLog: number[]
  readonly #delivered = new Set<string>()
  sent = 0
  settled = 0
  acknowledgedTwice = 0
  doubled = 0
  outOfOrder = 0
  redelivered = 0
  foreign = 0

  constructor(keys: number) {
    const make = <T>(create: () => T): T[] => Array.from({ length: keys }, create)
    this.#acknowledged = make(() => new Set<number>())
    this.#failed = make(() => new Set<number>())
    this.#next = make(() => 0)
    this.#inLog = make(() => new Map<number, number>())
    this.#lastInLog = make(() => -1)
  }

  /** The next number of the key, to be sent. */
  next(key: number): number {
    this.sent++
    return this.#next[key]!++
  }

  settle(key: number, number: number, failed: boolean): void {
    if (this.#acknowledged[key]!.has(number) || this.#failed[key]!.has(number)) this.acknowledgedTwice++
    ;(failed ? this.#failed : this.#acknowledged)[key]!.add(number)
    this.settled++
  }

  /** One record that a member of the group was given. The same offset may come again after a member was lost. */
  deliver(partition: number, offset: number): void {
    const place = `${partition}:${offset}`
    if (this.#delivered.has(place)) this.redelivered++
    else this.#delivered.add(place)
  }

  /** One record of the log, in offset order of its partition. */
  read(key: number, number: number, partition: number, offset: number): void {
    const inLog = this.#inLog[key]
    if (inLog === undefined) {
      this.foreign++
      return
    }
    if (inLog.has(number)) this.doubled++
    else if (number < this.#lastInLog[key]!) this.outOfOrder++
    inLog.set(number, offset)
    this.#lastInLog[key] = Math.max(this.#lastInLog[key]!, number)
    if (!this.#delivered.has(`${partition}:${offset}`)) this.undelivered++
  }

  /** In the log, and never given to the group. */
  undelivered = 0

  get lost(): number {
    let count = 0
    for (const [key, numbers] of this.#acknowledged.entries()) {
      for (const number of numbers) if (!this.#inLog[key]!.has(number)) count++
    }
    return count
  }

  get acknowledged(): number {
    return this.#acknowledged.reduce((sum, numbers) => sum + numbers.size, 0)
  }

  get failed(): number {
    return this.#failed.reduce((sum, numbers) => sum + numbers.size, 0)
  }

  get delivered(): number {
    return this.#delivered.size
  }
}
