/** First in, first out, for sends that have to wait; whoever flushes can wait for those that are in it now. */
export class SendQueue<T> {
  readonly #sends: (T | undefined)[] = []
  #head = 0
  #added = 0
  #left = 0
  #watchers: { readonly from: number; readonly resolve: () => void }[] = []

  get length(): number {
    return this.#sends.length - this.#head
  }

  get first(): T | undefined {
    return this.#sends[this.#head]
  }

  /** The one with so many before it. */
  at(index: number): T | undefined {
    return this.#sends[this.#head + index]
  }

  add(send: T): void {
    this.#sends.push(send)
    this.#added++
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
    if (this.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#watchers.push({ from: this.#added, resolve }))
  }

  all(): readonly T[] {
    return this.#sends.slice(this.#head) as T[]
  }
}
