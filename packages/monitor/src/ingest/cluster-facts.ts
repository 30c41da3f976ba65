import { isKafkaError, type KafkaAdmin, type Logger, type TopicPartitionOffset } from 'sluice'

/** What the cluster says of the topics and groups that clients reported. */
export interface ClusterFacts {
  /** When it was asked, by the collector's clock: what it says is not older. */
  readonly at: number
  readonly topics: readonly TopicFacts[]
  readonly groups: readonly GroupFacts[]
}

export interface TopicFacts {
  readonly topic: string
  /** Records of a compacted topic go for another reason than retention: nothing is judged there. */
  readonly compacted: boolean
  readonly partitions: readonly PartitionFacts[]
}

export interface PartitionFacts {
  readonly partition: number
  /** The first offset that is there still. */
  readonly start: number
  /** The offset that the next record gets. */
  readonly end: number
}

export interface GroupFacts {
  readonly group: string
  readonly committed: readonly TopicPartitionOffset[]
}

export interface FactsQuestion {
  readonly topics: readonly string[]
  /** Groups with a monitored consumer; others are looked for less often. */
  readonly groups: readonly string[]
}

const EVERY_MS = 10_000
/** Configurations and unknown groups change seldom, and there may be many. */
const SELDOM_MS = 60_000
const CALL_TIMEOUT_MS = 8000
const MAX_UNKNOWN_GROUPS = 500
const AT_ONCE = 8

/** Asks the cluster now and then, and hands over what it says. What it may not see is left out and told as a problem. */
export class ClusterFactsReader {
  readonly #admin: KafkaAdmin
  readonly #question: () => FactsQuestion
  readonly #tell: (facts: ClusterFacts) => void
  readonly #logger: Logger
  readonly #stop = new AbortController()
  readonly #compacted = new Map<string, boolean>()
  readonly #problems = new Set<string>()
  #unknownGroups: readonly GroupFacts[] = []
  #seldomAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #reading: Promise<void>

  constructor(
    admin: KafkaAdmin,
    question: () => FactsQuestion,
    tell: (facts: ClusterFacts) => void,
    logger: Logger,
    everyMs: number = EVERY_MS,
  ) {
    this.#admin = admin
    this.#question = question
    this.#tell = tell
    this.#logger = logger
    const next = async (): Promise<void> => {
      await this.read()
      if (this.#stop.signal.aborted) return
      this.#timer = setTimeout(() => (this.#reading = next()), everyMs)
      this.#timer.unref()
    }
    this.#reading = next()
  }

  get problems(): readonly string[] {
    return [...this.#problems]
  }

  /** Asks now. Never rejects. */
  async read(): Promise<void> {
    const { topics, groups } = this.#question()
    const at = Date.now()
    const problems = new Set<string>()
    const before = this.#problems.size
    try {
      const isSeldom = performance.now() - this.#seldomAt >= SELDOM_MS
      if (isSeldom) {
        this.#compacted.clear()
        this.#unknownGroups = await this.#groupsBut(groups, problems)
      }
      const [topicFacts, groupFacts] = await Promise.all([
        Promise.all(topics.map((topic) => this.#topic(topic, problems))),
        this.#committed(groups, problems),
      ])
      if (isSeldom) this.#seldomAt = performance.now()
      const unknown = this.#unknownGroups.filter(({ group }) => !groups.includes(group))
      this.#tell({ at, topics: topicFacts.filter((facts) => facts !== undefined), groups: [...groupFacts, ...unknown] })
    } catch (error) {
      if (this.#stop.signal.aborted) return
      problems.add(`the cluster does not answer: ${(error as Error).message}`)
      if (before === 0) this.#logger.warn('the cluster cannot be asked about topics and groups', { error })
    }
    this.#problems.clear()
    for (const problem of problems) this.#problems.add(problem)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await this.#reading
  }

  async #topic(topic: string, problems: Set<string>): Promise<TopicFacts | undefined> {
    try {
      const [described] = await this.#admin.describeTopics([topic], this.#call())
      const numbers = described!.partitions.map(({ partition }) => partition)
      const of = (at: 'earliest' | 'latest') => numbers.map((partition) => ({ topic, partition, at }))
      const [starts, ends, compacted] = await Promise.all([
        this.#admin.listOffsets(of('earliest'), this.#call()),
        this.#admin.listOffsets(of('latest'), this.#call()),
        this.#isCompacted(topic, problems),
      ])
      const endOf = new Map(ends.map(({ partition, offset }) => [partition, offset]))
      const partitions = starts.flatMap(({ partition, offset: start }) => {
        const end = endOf.get(partition)
        return end === undefined ? [] : [{ partition, start, end }]
      })
      return { topic, compacted, partitions }
    } catch (error) {
      // It was deleted, or is not for this user: what clients reported stays.
      const code = isKafkaError(error) ? error.code : undefined
      if (code === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined
      if (code !== 'TOPIC_AUTHORIZATION_FAILED') throw error
      problems.add(`topic ${topic} may not be seen, so what retention removes cannot be told: allow DESCRIBE on it`)
      return undefined
    }
  }

  async #isCompacted(topic: string, problems: Set<string>): Promise<boolean> {
    const known = this.#compacted.get(topic)
    if (known !== undefined) return known
    try {
      const [resource] = await this.#admin.describeConfigs([{ type: 'topic', name: topic }], this.#call())
      const compacted = resource!.entries.some(({ name, value }) => name === 'cleanup.policy' && (value ?? '').includes('compact'))
      this.#compacted.set(topic, compacted)
      return compacted
    } catch (error) {
      if (!isKafkaError(error) || !error.code.endsWith('AUTHORIZATION_FAILED')) throw error
      problems.add(`the configuration of topic ${topic} may not be seen: allow DESCRIBE_CONFIGS on it`)
      return false
    }
  }

  /** Groups without a monitored consumer that have committed something. */
  async #groupsBut(known: readonly string[], problems: Set<string>): Promise<GroupFacts[]> {
    try {
      const listed = await this.#admin.listGroups(this.#call())
      const unknown = listed.filter(({ groupId, protocolType }) => protocolType === 'consumer' && !known.includes(groupId))
      if (unknown.length > MAX_UNKNOWN_GROUPS)
        problems.add(`${unknown.length} groups have no monitor; ${MAX_UNKNOWN_GROUPS} of them were looked at`)
      const facts = await this.#committed(
        unknown.slice(0, MAX_UNKNOWN_GROUPS).map(({ groupId }) => groupId),
        problems,
      )
      return facts.filter(({ committed }) => committed.length > 0)
    } catch (error) {
      if (!isKafkaError(error) || !error.code.endsWith('AUTHORIZATION_FAILED')) throw error
      problems.add('groups may not be listed, so those without a monitor are not found: allow DESCRIBE on the cluster')
      return []
    }
  }

  async #committed(groups: readonly string[], problems: Set<string>): Promise<GroupFacts[]> {
    const waiting = [...groups]
    const facts: GroupFacts[] = []
    const work = async (): Promise<void> => {
      for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
        try {
          facts.push({ group, committed: await this.#admin.fetchOffsets(group, undefined, this.#call()) })
        } catch (error) {
          if (!isKafkaError(error)) throw error
          if (error.code === 'GROUP_ID_NOT_FOUND') continue
          if (error.code !== 'GROUP_AUTHORIZATION_FAILED') throw error
          problems.add(`group ${group} may not be seen: allow DESCRIBE on it`)
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return facts
  }

  #call() {
    return { timeoutMs: CALL_TIMEOUT_MS, signal: this.#stop.signal }
  }
}
