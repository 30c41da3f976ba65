export interface SimulatedRecord {
  readonly timestamp: number
  /** What the timestamp would be if the producer's clock were right. */
  readonly trueTimestamp: number
  /** Undefined for a producer without a monitor. */
  readonly session: string | undefined
  state: 'open' | 'committed' | 'aborted' | 'marker'
}

/** One partition as a broker keeps it. */
export class SimulatedLog {
  readonly topic: string
  readonly partition: number
  readonly #records: SimulatedRecord[] = []
  start = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get key(): string {
    return `${this.topic}/${this.partition}`
  }

  get end(): number {
    return this.#records.length
  }

  /** What consumers that read committed records may read up to. */
  get stableEnd(): number {
    const open = this.#records.findIndex((record, offset) => offset >= this.start && record.state === 'open')
    return open === -1 ? this.end : open
  }

  append(record: SimulatedRecord): number {
    return this.#records.push(record) - 1
  }

  at(offset: number): SimulatedRecord {
    return this.#records[offset]!
  }

  /** An election that was not clean: the last records are lost, and their offsets given again. */
  truncate(end: number): void {
    this.#records.length = end
  }
}
