/** Which topics of which the metadata is wanted. */
export class TrackedTopics {
  readonly #maxIdleMs: number
  /** Topic -> when it leaves unless used again; Infinity without expiry. */
  #topics = new Map<string, number>()
  /** Topics that no response has told about yet. */
  readonly #new = new Set<string>()
  #filter: ((topic: string, isInternal: boolean) => boolean) | null = null

  /** `maxIdleMs`: a topic that is not added again for this long leaves; Infinity keeps it. */
  constructor(maxIdleMs: number) {
    this.#maxIdleMs = maxIdleMs
  }

  get all(): boolean {
    return this.#filter !== null
  }

  get hasNew(): boolean {
    return this.#new.size > 0
  }

  has(topic: string): boolean {
    return this.#topics.has(topic)
  }

  isNew(topic: string): boolean {
    return this.#new.has(topic)
  }

  /** Returns true when the topic was not tracked before. */
  add(topic: string, now: number): boolean {
    const added = !this.#topics.has(topic)
    this.#topics.set(topic, now + this.#maxIdleMs)
    if (added) this.#new.add(topic)
    return added
  }

  /** Replaces the set. Returns true when it has topics that were not tracked before. */
  set(topics: Iterable<string>): boolean {
    const before = this.#topics
    this.#topics = new Map()
    let added = false
    for (const topic of topics) {
      this.#topics.set(topic, Number.POSITIVE_INFINITY)
      if (!before.has(topic)) {
        this.#new.add(topic)
        added = true
      }
    }
    for (const topic of this.#new) {
      if (!this.#topics.has(topic)) this.#new.delete(topic)
    }
    return added
  }

  setFilter(filter: ((topic: string, isInternal: boolean) => boolean) | null): void {
    this.#filter = filter
  }

  /** For a whole update: the names to ask for, or null for every topic of the cluster. */
  names(): string[] | null {
    return this.#filter !== null ? null : [...this.#topics.keys()]
  }

  newNames(): string[] {
    return [...this.#new]
  }

  answered(topic: string): void {
    this.#new.delete(topic)
  }

  /** Whether a topic of a response stays in the cluster's picture; drops one whose time is over. */
  retain(topic: string, isInternal: boolean, now: number): boolean {
    const expiresAt = this.#topics.get(topic)
    if (expiresAt !== undefined) {
      if (this.#new.has(topic) || now < expiresAt) return true
      this.#topics.delete(topic)
    }
    return this.#filter?.(topic, isInternal) ?? false
  }

  /** Drops the topics whose time is over, except those that were never answered. */
  expire(now: number): void {
    for (const [topic, expiresAt] of this.#topics) {
      if (expiresAt <= now && !this.#new.has(topic)) this.#topics.delete(topic)
    }
  }
}
