import type { Clock } from '../clock.ts'
import type { ConsumerRecords } from '../record/consumer-records.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'
import { BatchHooks } from './consumer-batch.ts'
import { FetchedHooks, type FetchedOutcome } from './consumer-fetched.ts'
import type { ConsumerInterceptor } from './consumer-interceptor.ts'
import { ConsumerPass } from './consumer-pass.ts'
import { type CommittedRecord, ConsumerStates } from './consumer-states.ts'
import type { Chain } from './interceptor-chains.ts'
import type { CommitContext } from './interceptor-context.ts'
import type { InterceptorMember } from './interceptor-member.ts'
import type { InterceptorMeter } from './interceptor-stats.ts'

/** An interceptor in its place in one chain. */
export interface ConsumerMember {
  readonly member: InterceptorMember<ConsumerInterceptor>
  readonly interceptor: ConsumerInterceptor
  readonly meter: InterceptorMeter
  readonly slot: number
  readonly isPerRecord: boolean
}

/** Who sees a topic, by hook, in the order in which they run. */
interface ConsumerHooks {
  readonly seeing: ReadonlySet<ConsumerMember>
  readonly onFetched: readonly ConsumerMember[]
  readonly handle: readonly ConsumerMember[]
  readonly handleBatch: readonly ConsumerMember[]
  /** In scope, but switched off. */
  readonly passedBy: readonly ConsumerMember[]
}

/** What was committed, for interceptors that went on from an older chain to the one in force. */
export type Carried = Map<InterceptorMember<ConsumerInterceptor>, CommitContext['committed'][number][]>

export interface ConsumerChainParts {
  readonly clock: Clock
  /** Whether there is a group to commit to: without one nothing is kept for `onCommit`. */
  readonly hasGroup: boolean
  /** Told each time that states had to be forgotten, because nothing is committed. */
  readonly onStatesFull: () => void
  /** Called when it was replaced and nothing is left to do. */
  readonly onEnd: () => void
}

const MAX_CACHED_TOPICS = 10_000

/**
 * One list of interceptors as a consumer runs it. It never changes; `replace` puts another in its place, and this one goes
 * on with the handlers and commits of the records that it has seen.
 */
export class ConsumerChain implements Chain {
  readonly isEmpty: boolean
  /** An interceptor asks for `checksum` and `size`. */
  readonly needsRecordAudit: boolean
  readonly members: readonly ConsumerMember[]
  readonly states: ConsumerStates
  readonly clock: Clock
  readonly #inFetchOrder: readonly ConsumerMember[]
  readonly #onCommit: readonly ConsumerMember[]
  readonly #batch: BatchHooks
  readonly #fetched: FetchedHooks
  /** What is delivered waits for a commit, as somebody is to be told of it. */
  readonly #awaitsCommits: boolean
  readonly #byTopic = new Map<string, ConsumerHooks>()
  /** Offsets of its deliveries that no commit has covered, by partition. */
  readonly #open = new Map<string, { readonly from: number; readonly to: number }>()
  /** Polls and handlers at work. */
  #passes = 0
  #isAbandoned = false
  readonly #onEnd: () => void
  #onDrained: (() => void) | undefined

  constructor(members: readonly InterceptorMember<ConsumerInterceptor>[], { clock, hasGroup, onStatesFull, onEnd }: ConsumerChainParts) {
    this.#onEnd = onEnd
    this.members = members.map((member, slot) => ({
      member,
      interceptor: member.interceptor,
      meter: member.meter,
      slot,
      isPerRecord: member.scope.isPerRecord,
    }))
    this.isEmpty = members.length === 0
    this.needsRecordAudit = members.some(({ interceptor }) => interceptor.needsRecordAudit === true)
    this.clock = clock
    this.states = new ConsumerStates(onStatesFull)
    this.#inFetchOrder = unwound(this.members)
    this.#onCommit = this.members.filter(({ interceptor }) => interceptor.onCommit !== undefined)
    this.#awaitsCommits = hasGroup && this.#onCommit.length > 0
    const consuming = this.#inFetchOrder.filter(({ interceptor }) => interceptor.onConsume !== undefined)
    this.#batch = new BatchHooks(consuming, (placed, topic) => this.#hooksFor(topic).seeing.has(placed), clock)
    this.#fetched = new FetchedHooks(clock)
  }

  /** Whether records of the topic are wanted as bytes, before the deserializers. */
  hasOnFetched(topic: string): boolean {
    return !this.isEmpty && this.#hooksFor(topic).onFetched.length > 0
  }

  /** Records of one poll enter. `end` is to be called on the pass when nobody works on them any more. */
  begin(): ConsumerPass {
    this.#passes++
    return new ConsumerPass(this)
  }

  /** So many records of the topic pass by those that are switched off. */
  countPassedBy(topic: string, records: number): void {
    for (const { meter } of this.#hooksFor(topic).passedBy) meter.passedBy += records
  }

  /** Never throws or rejects: what a failing hook brings about is in the pass. */
  onFetched(record: RawRecord, pass: ConsumerPass): FetchedOutcome | Promise<FetchedOutcome> {
    return this.#fetched.run(record, this.#hooksFor(record.topic).onFetched, pass)
  }

  /** Throws, or rejects, with what `onError: 'fail'` asks for; else what hooks and verdicts made of the records. */
  onConsume(records: ConsumerRecords, pass: ConsumerPass): ConsumerRecords | Promise<ConsumerRecords> {
    return this.#batch.run(records, pass)
  }

  /** Those around the handlers of a topic's records, outermost first; mostly none. */
  around(topic: string, hook: 'handle' | 'handleBatch'): readonly ConsumerMember[] {
    return this.isEmpty ? NOBODY : this.#hooksFor(topic)[hook]
  }

  /** The application got the records of a partition from `from` up to `to`, or they were taken out for good. */
  delivered({ topic, partition }: TopicPartition, from: number, to: number): void {
    if (!this.#awaitsCommits || this.#isAbandoned) return
    const key = `${topic}-${partition}`
    const open = this.#open.get(key)
    this.#open.set(key, { from: open === undefined ? from : Math.min(open.from, from), to })
  }

  /** The records of a delivery are done; without a commit to wait for, nothing will ask for their states. */
  done({ topic, partition }: TopicPartition, from: number, to: number): void {
    if (!this.#awaitsCommits) this.states.forget(topic, partition, from, to)
  }

  /** The partition's records from `from` on are given up: they come again, or belong to another member. */
  forget({ topic, partition }: TopicPartition, from: number): void {
    this.states.forget(topic, partition, from)
    const key = `${topic}-${partition}`
    const open = this.#open.get(key)
    if (open === undefined || open.to <= from) return
    if (open.from >= from) this.#open.delete(key)
    else this.#open.set(key, { from: open.from, to: from })
    this.#checkDrained()
  }

  /**
   * Tells of a commit. An older chain tells only of partitions of which it has something open, and leaves to the chain in
   * force what concerns interceptors that are there too: `carried` takes it, or brings it.
   */
  commit(offsets: readonly TopicPartitionOffset[], carried: Carried, inForce?: ConsumerChain): void {
    const committed = this.states.take(offsets)
    const told = inForce === undefined ? offsets : offsets.filter(({ topic, partition, offset }) => this.#isOpen(topic, partition, offset))
    for (const placed of this.#onCommit) {
      const mine = statesOf(placed, committed)
      const successor = inForce?.members.some(({ member }) => member === placed.member)
      if (successor === true) carried.set(placed.member, [...(carried.get(placed.member) ?? []), ...mine])
      else if (inForce === undefined || told.length > 0 || mine.length > 0) {
        this.#tell(placed, told, [...(carried.get(placed.member) ?? []), ...mine], offsets.length === 0)
      }
    }
    for (const { topic, partition, offset } of offsets) this.#close(topic, partition, offset)
    this.#checkDrained()
  }

  /** Calls back once no poll, handler or commit needs the chain: at once, or later. No more records may enter. */
  whenDrained(callback: () => void): void {
    this.#onDrained = callback
    this.#checkDrained()
  }

  /** The consumer is closed: what is open stays open for ever. */
  abandon(): void {
    this.#isAbandoned = true
    this.states.clear()
    this.#open.clear()
    this.#checkDrained()
  }

  /** A pass has ended. */
  ended(): void {
    this.#passes--
    this.#checkDrained()
  }

  /** An interceptor went off or on: the next batch is asked for anew. */
  forgetHooks(): void {
    this.#byTopic.clear()
  }

  #tell(
    { member, interceptor }: ConsumerMember,
    offsets: readonly TopicPartitionOffset[],
    committed: CommitContext['committed'],
    isEmptyCommit: boolean,
  ): void {
    const given = offsets.filter(({ topic }) => member.sees(topic) && !member.isPassedBy)
    if (given.length === 0 && !isEmptyCommit && committed.length === 0) return
    try {
      const returned: unknown = interceptor.onCommit!(given, { committed })
      if (returned !== undefined) member.watch('onCommit', returned)
    } catch (cause) {
      member.report('onCommit', cause, { topic: given[0]?.topic, partition: given[0]?.partition })
    }
  }

  #isOpen(topic: string, partition: number, offset: number): boolean {
    const open = this.#open.get(`${topic}-${partition}`)
    return open !== undefined && open.from < offset
  }

  #close(topic: string, partition: number, offset: number): void {
    const key = `${topic}-${partition}`
    const open = this.#open.get(key)
    if (open === undefined || offset <= open.from) return
    if (offset >= open.to) this.#open.delete(key)
    else this.#open.set(key, { from: offset, to: open.to })
  }

  #checkDrained(): void {
    if (this.#onDrained === undefined) return
    if (!this.#isAbandoned && (this.#passes > 0 || this.#open.size > 0)) return
    const callback = this.#onDrained
    this.#onDrained = undefined
    this.states.clear()
    this.#onEnd()
    callback()
  }

  #hooksFor(topic: string): ConsumerHooks {
    let hooks = this.#byTopic.get(topic)
    if (hooks !== undefined) return hooks
    const inScope = this.members.filter(({ member }) => member.sees(topic))
    const seeing = new Set(inScope.filter(({ member }) => !member.isPassedBy))
    const having = (members: readonly ConsumerMember[], hook: 'onFetched' | 'handle' | 'handleBatch'): readonly ConsumerMember[] =>
      members.filter((placed) => placed.interceptor[hook] !== undefined && seeing.has(placed))
    hooks = {
      seeing,
      onFetched: having(this.#inFetchOrder, 'onFetched'),
      handle: having(this.members, 'handle'),
      handleBatch: having(this.members, 'handleBatch'),
      passedBy: inScope.filter((placed) => !seeing.has(placed)),
    }
    if (this.#byTopic.size >= MAX_CACHED_TOPICS) this.#byTopic.clear()
    this.#byTopic.set(topic, hooks)
    return hooks
  }
}

const NOBODY: readonly ConsumerMember[] = []

/** Paired ones in reverse, each in the place of another: what was done last on produce is undone first. */
function unwound(members: readonly ConsumerMember[]): readonly ConsumerMember[] {
  const paired = members.filter(({ member }) => member.isPaired)
  return members.map((placed) => (placed.member.isPaired ? paired.pop()! : placed))
}

function statesOf({ slot }: ConsumerMember, committed: readonly CommittedRecord[]): CommitContext['committed'][number][] {
  const mine: CommitContext['committed'][number][] = []
  for (const { topic, partition, offset, states } of committed) {
    if (states[slot] !== undefined) mine.push({ topic, partition, offset, state: states[slot] })
  }
  return mine
}
