import type { Cluster } from '../network/cluster.ts'
import type { Metadata } from '../network/metadata.ts'
import type { SubscriptionState } from './subscription-state.ts'
import type { Deadline } from './wait.ts'

/** Tells `Metadata` which topics this consumer needs to know, and finds those that match a pattern (Java: ConsumerMetadata). */
export class TopicMetadata {
  readonly #metadata: Metadata
  readonly #subscriptions: SubscriptionState
  readonly #excludeInternal: boolean
  readonly #groupTopics: () => ReadonlySet<string> | null
  /** Asked about by `partitionsFor`, `endOffsets` and the like. */
  readonly #asked = new Set<string>()
  #reported: Cluster | undefined

  constructor(
    metadata: Metadata,
    subscriptions: SubscriptionState,
    excludeInternal: boolean,
    groupTopics: () => ReadonlySet<string> | null,
  ) {
    this.#metadata = metadata
    this.#subscriptions = subscriptions
    this.#excludeInternal = excludeInternal
    this.#groupTopics = groupTopics
  }

  /** The subscription has changed. */
  update(): void {
    const { pattern, topics } = this.#subscriptions
    this.#metadata.setTopics(new Set([...topics, ...this.#asked, ...(this.#groupTopics() ?? [])]))
    this.#metadata.setTopicFilter(pattern === undefined ? null : (topic, isInternal) => this.#matches(pattern, topic, isInternal))
  }

  /** Metadata has changed. */
  updated(cluster: Cluster): void {
    const { pattern } = this.#subscriptions
    if (pattern === undefined) return
    const matching = [...cluster.topics.values()].filter(({ name, isInternal }) => this.#matches(pattern, name, isInternal))
    this.#subscriptions.setMatchingTopics(new Set(matching.map(({ name }) => name)))
  }

  /** Throws, once for each metadata response, what no retry heals: no permission, a topic name that cannot be. */
  throwError(): void {
    const fatal = this.#metadata.takeFatalError()
    if (fatal !== null) throw fatal
    const { cluster } = this.#metadata
    if (cluster === this.#reported || cluster.topicErrors.size === 0) return
    this.#reported = cluster
    for (const topic of this.#subscriptions.topics) {
      const error = cluster.topicErrors.get(topic)
      if (error !== undefined && !error.retriable) throw error
    }
  }

  /** Waits until each of the topics is known, or known not to exist. */
  async ensure(topics: ReadonlySet<string>, deadline: Deadline, signal?: AbortSignal): Promise<void> {
    for (const topic of topics) this.#asked.add(topic)
    this.update()
    const isAnswered = (cluster: Cluster): boolean =>
      [...topics].every((topic) => cluster.topics.has(topic) || cluster.topicErrors.has(topic))
    if (!isAnswered(this.#metadata.cluster)) this.#metadata.requestUpdate()
    await this.#metadata.awaitUpdate(isAnswered, deadline.remainingMs(), signal)
    const { topicErrors } = this.#metadata.cluster
    for (const topic of topics) {
      const error = topicErrors.get(topic)
      if (error !== undefined && !error.retriable) throw error
    }
  }

  #matches(pattern: RegExp, topic: string, isInternal: boolean): boolean {
    return pattern.test(topic) && !(this.#excludeInternal && isInternal)
  }
}
