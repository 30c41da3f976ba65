import { ConsumerRecords, type PartitionRecords } from '../record/consumer-records.ts'
import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'
import type { ConsumerInterceptor } from './consumer-interceptor.ts'
import { isPromise } from './hook-call.ts'
import type { Chain } from './interceptor-chains.ts'
import type { InterceptorMember } from './interceptor-member.ts'

type Member = InterceptorMember<ConsumerInterceptor>

const MAX_CACHED_TOPICS = 10_000

/** One list of interceptors as a consumer runs it. */
export class ConsumerChain implements Chain {
  readonly isEmpty: boolean
  /** An interceptor asks for `checksum` and `size`. */
  readonly needsRecordAudit: boolean
  readonly #onConsume: readonly Member[]
  readonly #onCommit: readonly Member[]
  readonly #scopes = new Map<Member, Map<string, boolean>>()

  constructor(members: readonly Member[]) {
    this.#onConsume = members.filter(({ interceptor }) => interceptor.onConsume !== undefined)
    this.#onCommit = members.filter(({ interceptor }) => interceptor.onCommit !== undefined)
    for (const member of members) this.#scopes.set(member, new Map())
    this.isEmpty = members.length === 0
    this.needsRecordAudit = members.some(({ interceptor }) => interceptor.needsRecordAudit === true)
  }

  whenDrained(callback: () => void): void {
    callback()
  }

  forgetHooks(): void {
    for (const scope of this.#scopes.values()) scope.clear()
  }

  onConsume<K, V>(records: ConsumerRecords<K, V>): ConsumerRecords<K, V> {
    let last = records
    for (const member of this.#onConsume) {
      const given = this.#within(member, this.#scopes.get(member)!, last)
      if (given === undefined) continue
      try {
        const returned = member.interceptor.onConsume!(given, NO_STATES)
        if (!(returned instanceof ConsumerRecords)) throw returnedWrong(returned)
        if (returned.count < given.count) member.meter.countDropped('filtered', given.count - returned.count)
        if (returned === given) continue
        last = given === last ? withPositions(returned, last) : merge(last, given, returned)
      } catch (cause) {
        if (member.onError !== 'continue') throw member.failure('onConsume', cause)
        const first = given.byPartition()[0]
        member.report('onConsume', cause, { topic: first?.topic, partition: first?.partition, records: given.count })
      }
    }
    return last
  }

  onCommit(offsets: readonly TopicPartitionOffset[]): void {
    for (const member of this.#onCommit) {
      const scope = this.#scopes.get(member)!
      const given = offsets.filter(({ topic }) => this.#sees(member, scope, topic))
      if (given.length === 0 && offsets.length > 0) continue
      try {
        const returned: unknown = member.interceptor.onCommit!(given, { committed: [] })
        if (returned !== undefined) member.watch('onCommit', returned)
      } catch (cause) {
        member.report('onCommit', cause, { topic: given[0]?.topic, partition: given[0]?.partition })
      }
    }
  }

  #sees(member: Member, scope: Map<string, boolean>, topic: string): boolean {
    let sees = scope.get(topic)
    if (sees === undefined) {
      sees = member.sees(topic) && !member.isPassedBy
      if (scope.size >= MAX_CACHED_TOPICS) scope.clear()
      scope.set(topic, sees)
    }
    return sees
  }

  /** What the interceptor may see of these records; undefined when that is nothing. */
  #within<K, V>(member: Member, scope: Map<string, boolean>, records: ConsumerRecords<K, V>): ConsumerRecords<K, V> | undefined {
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
  if (isPromise(returned)) returned.then(undefined, () => {})
  const given = returned === null ? 'null' : Array.isArray(returned) ? 'an array' : typeof returned
  return new TypeError(
    `onConsume returned ${given}; it must return ConsumerRecords: those given, or records.filter(...) or records.map(...) of them`,
  )
}

const NO_STATES = { getState: () => undefined, setState: () => {}, signal: new AbortController().signal }
