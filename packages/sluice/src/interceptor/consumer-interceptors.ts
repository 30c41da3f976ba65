import { ConsumerRecords, type PartitionRecords } from '../record/consumer-records.ts'
import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'
import type { ConsumerInterceptor } from './consumer-interceptor.ts'
import type { ClusterResource, InterceptorContext } from './interceptor-context.ts'
import {
  closeMembers,
  configureMembers,
  type InterceptorMember,
  type InterceptorStats,
  inScope,
  isPromise,
  notAwaited,
} from './interceptor-member.ts'

type Member = InterceptorMember<ConsumerInterceptor>

const MAX_CACHED_TOPICS = 10_000

/**
 * The consumer's chain (Java: ConsumerInterceptors). Every hook runs in list order. What an interceptor throws is logged
 * and swallowed, and the next one gets the last records that were returned; with `onError: 'fail'` `onConsume` throws
 * INTERCEPTOR.
 *
 * Unlike Java, `nextOffsets` survive an interceptor that builds new ConsumerRecords without them.
 */
export class ConsumerInterceptors<K = any, V = any> {
  /** True when there is nothing to run: the consumer then skips the chain. */
  readonly isEmpty: boolean
  /** An interceptor asks for `checksum` and `size`. */
  readonly needsRecordAudit: boolean
  readonly #members: readonly Member[]
  readonly #onConsume: readonly Member[]
  readonly #onCommit: readonly Member[]
  readonly #scopes = new Map<Member, Map<string, boolean>>()
  #closed: Promise<void> | undefined

  /** Configures the interceptors in list order. Throws CONFIG naming the one whose `configure` threw, after closing it and those before it. */
  constructor(interceptors: readonly ConsumerInterceptor<K, V>[], context: InterceptorContext) {
    this.#members = configureMembers(interceptors, context)
    this.#onConsume = this.#members.filter(({ interceptor }) => interceptor.onConsume !== undefined)
    this.#onCommit = this.#members.filter(({ interceptor }) => interceptor.onCommit !== undefined)
    for (const member of this.#members) if (member.interceptor.topics !== undefined) this.#scopes.set(member, new Map())
    this.isEmpty = this.#members.length === 0
    this.needsRecordAudit = this.#members.some(({ interceptor }) => interceptor.needsRecordAudit === true)
  }

  onConsume(records: ConsumerRecords<K, V>): ConsumerRecords<K, V> {
    let last = records
    for (const member of this.#onConsume) {
      const scope = this.#scopes.get(member)
      const given = scope === undefined ? last : this.#within(member, scope, last)
      if (given === undefined) continue
      try {
        const returned = member.interceptor.onConsume!(given)
        if (!(returned instanceof ConsumerRecords)) throw returnedWrong(returned)
        if (returned.count < given.count) member.countDropped('filtered', given.count - returned.count)
        if (returned === given) continue
        last = given === last ? withPositions(returned, last) : merge(last, given, returned)
      } catch (cause) {
        if (member.isFatal) throw member.failure('onConsume', cause)
        const first = given.byPartition()[0]
        member.report('onConsume', cause, { topic: first?.topic, partition: first?.partition, records: given.count })
      }
    }
    return last
  }

  onCommit(offsets: readonly TopicPartitionOffset[]): void {
    for (const member of this.#onCommit) {
      const scope = this.#scopes.get(member)
      const given = scope === undefined ? offsets : offsets.filter(({ topic }) => this.#sees(member, scope, topic))
      if (scope !== undefined && given.length === 0) continue
      try {
        const returned: unknown = member.interceptor.onCommit!(given)
        if (returned !== undefined) member.watch('onCommit', returned)
      } catch (cause) {
        member.report('onCommit', cause, { topic: given[0]?.topic, partition: given[0]?.partition })
      }
    }
  }

  onClusterUpdate(cluster: ClusterResource): void {
    for (const member of this.#members) member.clusterUpdate(cluster)
  }

  /** Closes every interceptor in list order, each whatever the others do. A second call waits for the first. */
  close(): Promise<void> {
    this.#closed ??= closeMembers(this.#members)
    return this.#closed
  }

  /** One entry for each interceptor, in list order. */
  stats(): readonly InterceptorStats[] {
    return this.#members.map((member) => member.stats())
  }

  #sees(member: Member, scope: Map<string, boolean>, topic: string): boolean {
    let sees = scope.get(topic)
    if (sees === undefined) {
      sees = inScope(member, topic)
      if (scope.size >= MAX_CACHED_TOPICS) scope.clear()
      scope.set(topic, sees)
    }
    return sees
  }

  /** What the interceptor may see of these records; undefined when that is nothing. */
  #within(member: Member, scope: Map<string, boolean>, records: ConsumerRecords<K, V>): ConsumerRecords<K, V> | undefined {
    const visible = ({ topic }: TopicPartition): boolean => this.#sees(member, scope, topic)
    const partitions = records.byPartition()
    if (partitions.every(visible) && records.nextOffsets.every(visible)) return records
    const seen = new ConsumerRecords(partitions.filter(visible), records.nextOffsets.filter(visible))
    return seen.isEmpty && seen.nextOffsets.length === 0 ? undefined : seen
  }
}

function withPositions<K, V>(returned: ConsumerRecords<K, V>, given: ConsumerRecords<K, V>): ConsumerRecords<K, V> {
  if (returned.nextOffsets.length > 0 || given.nextOffsets.length === 0) return returned
  return new ConsumerRecords(returned.byPartition(), given.nextOffsets)
}

/** Puts what an interceptor made of its topics back into their places; partitions it added come last. */
function merge<K, V>(all: ConsumerRecords<K, V>, given: ConsumerRecords<K, V>, returned: ConsumerRecords<K, V>): ConsumerRecords<K, V> {
  const positioned = withPositions(returned, given)
  const wasGiven = new Set(given.byPartition())
  const changed = new Map(positioned.byPartition().map((partition) => [nameOf(partition), partition]))
  const merged: PartitionRecords<K, V>[] = []
  for (const partition of all.byPartition()) {
    if (!wasGiven.has(partition)) {
      const added = changed.get(nameOf(partition))
      changed.delete(nameOf(partition))
      merged.push(added === undefined ? partition : { ...partition, records: [...partition.records, ...added.records] })
      continue
    }
    const after = changed.get(nameOf(partition))
    changed.delete(nameOf(partition))
    if (after !== undefined) merged.push(after)
  }
  merged.push(...changed.values())
  const hidden = new Set(given.nextOffsets)
  return new ConsumerRecords(merged, [...all.nextOffsets.filter((position) => !hidden.has(position)), ...positioned.nextOffsets])
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

function returnedWrong(returned: unknown): Error {
  if (isPromise(returned)) return notAwaited(returned, 'onConsume')
  const given = returned === null ? 'null' : Array.isArray(returned) ? 'an array' : typeof returned
  return new TypeError(
    `onConsume returned ${given}; it must return ConsumerRecords: those given, or records.filter(...) or records.map(...) of them`,
  )
}
