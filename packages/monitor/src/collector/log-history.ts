/** The log began at `start` from the first to the last of these looks at it. */
export interface LogRun {
  readonly start: number
  readonly firstAt: number
  readonly lastAt: number
}

/** Where the log of a partition began, each time the cluster was asked. */
export class LogHistory {
  readonly #runs: LogRun[] = []
  /** Behind the last record, as of the latest look; -1 before there was one. */
  end = -1

  get runs(): readonly LogRun[] {
    return this.#runs
  }

  /** What an earlier run of the collector had seen. */
  restore(runs: readonly LogRun[], end: number): void {
    for (const { start, firstAt, lastAt } of runs) {
      this.add(firstAt, start, end)
      this.add(lastAt, start, end)
    }
  }

  get isEmpty(): boolean {
    return this.#runs.length === 0
  }

  get lastAt(): number {
    return this.#runs.at(-1)?.lastAt ?? Number.NEGATIVE_INFINITY
  }

  /** The latest known start of the log; 0 before the first look. */
  get start(): number {
    return this.#runs.at(-1)?.start ?? 0
  }

  /** True when the start is another one than before. */
  add(at: number, start: number, end: number): boolean {
    if (at >= this.lastAt) this.end = end
    const runs = this.#runs
    const index = runs.findIndex((run) => run.lastAt >= at)
    if (index === -1) {
      const last = runs.at(-1)
      if (last?.start !== start) {
        runs.push({ start, firstAt: at, lastAt: at })
        return true
      }
      runs[runs.length - 1] = { ...last, lastAt: at }
      return false
    }
    const found = runs[index]!
    if (found.start === start) {
      if (at < found.firstAt) runs[index] = { ...found, firstAt: at }
      return false
    }
    // An answer that came late: it belongs before those that are known.
    if (at < found.firstAt) {
      const before = runs[index - 1]
      if (before?.start === start) runs[index - 1] = { ...before, lastAt: at }
      else runs.splice(index, 0, { start, firstAt: at, lastAt: at })
    }
    return true
  }

  /** Where the log began at the first look at or after `time`; undefined before there was one. */
  startAfter(time: number): number | undefined {
    return this.#runs.find(({ lastAt }) => lastAt >= time)?.start
  }

  /** When the log was first seen to begin behind `offset`; Infinity for never. */
  goneAt(offset: number): number {
    return this.#runs.find(({ start }) => start > offset)?.firstAt ?? Number.POSITIVE_INFINITY
  }

  /** Forgets looks before `time`, all but the latest. */
  forget(time: number): void {
    const keep = this.#runs.findIndex(({ lastAt }) => lastAt >= time)
    this.#runs.splice(0, keep === -1 ? this.#runs.length - 1 : keep)
  }
}
