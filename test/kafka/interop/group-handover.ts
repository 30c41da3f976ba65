import assert from 'node:assert/strict'
import { KafkaProducer } from 'sluice'
import type { TestCluster } from '../../support/test-cluster.ts'
import type { GroupMember, GroupObserver, StartMember } from './group-member.ts'
import { createReadyTopic } from './sluice-peer.ts'

const PARTITIONS = 6
const STEP_TIMEOUT_MS = 30_000
const RECORDS_PER_STEP = 30

/** What the members of one group have told so far. */
class GroupState implements GroupObserver {
  readonly owned = new Map<string, Set<number>>()
  readonly revokedFrom = new Map<string, number[][]>()
  readonly leaders: string[] = []
  readonly seenBy = new Map<string, string[]>()
  readonly #counts = new Map<string, number>()
  readonly #history: string[] = []
  #failure: Error | undefined
  #wake: () => void = () => {}

  assigned(member: string, partitions: readonly number[]): void {
    const owned = this.owned.get(member) ?? new Set()
    for (const partition of partitions) owned.add(partition)
    this.owned.set(member, owned)
    this.#tell(`${member} assigned ${partitions}`)
  }

  revoked(member: string, partitions: readonly number[]): void {
    for (const partition of partitions) this.owned.get(member)?.delete(partition)
    this.revokedFrom.set(member, [...(this.revokedFrom.get(member) ?? []), [...partitions]])
    this.#tell(`${member} revoked ${partitions}`)
  }

  seen(member: string, partition: number, offset: number): void {
    const record = `${partition}:${offset}`
    const members = this.seenBy.get(record)
    if (members === undefined) this.seenBy.set(record, [member])
    else {
      members.push(member)
      this.#tell(`${member} has ${record} again, which ${members[0]} had`)
    }
    this.#counts.set(member, this.count(member) + 1)
    this.#wake()
  }

  led(member: string): void {
    this.leaders.push(member)
    this.#tell(`${member} led`)
  }

  failed(member: string, error: Error): void {
    this.#failure ??= new Error(`member ${member} failed: ${error.message}`, { cause: error })
    this.#wake()
  }

  count(member: string): number {
    return this.#counts.get(member) ?? 0
  }

  sizes(...members: readonly string[]): number[] {
    return members.map((member) => this.owned.get(member)?.size ?? 0)
  }

  /** No partition belongs to two, and all belong to someone. */
  isShared(...members: readonly string[]): boolean {
    const all = members.flatMap((member) => [...(this.owned.get(member) ?? [])])
    return (
      all.length === PARTITIONS &&
      Array.from({ length: PARTITIONS }, (_, partition) => partition).every((partition) => all.includes(partition))
    )
  }

  get history(): string {
    return this.#history.join('\n')
  }

  /** Gaps, and who had the records around them. */
  missing(ends: readonly number[]): string {
    const gaps: string[] = []
    for (const [partition, end] of ends.entries()) {
      let from = -1
      for (let offset = 0; offset <= end; offset++) {
        const isSeen = this.seenBy.has(`${partition}:${offset}`)
        if (!isSeen && from < 0 && offset < end) from = offset
        if (from < 0 || (!isSeen && offset < end)) continue
        const [before, after] = [from - 1, offset].map((at) => this.seenBy.get(`${partition}:${at}`)?.[0] ?? 'nobody')
        gaps.push(`${partition}:${from} to ${offset - 1} missing, ${before} had what is before, ${after} what is after`)
        from = -1
      }
    }
    return gaps.join('\n')
  }

  async until(what: string, condition: () => boolean, more?: () => string): Promise<void> {
    const deadline = performance.now() + STEP_TIMEOUT_MS
    while (!condition()) {
      if (this.#failure) throw this.#failure
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) throw new Error(`waited in vain until ${what}; so far:\n${this.history}\n${more?.() ?? ''}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  #tell(line: string): void {
    this.#history.push(line)
    this.#wake()
  }
}

/** Sends to all partitions in turn, a few records at a time, until it is stopped. */
class RecordFeed {
  sent = 0
  readonly #bootstrapServers: string
  readonly #topic: string
  #isOn = false
  #work: Promise<void> = Promise.resolve()

  constructor(bootstrapServers: string, topic: string) {
    this.#bootstrapServers = bootstrapServers
    this.#topic = topic
  }

  start(): void {
    this.#isOn = true
    this.#work = this.#send()
    this.#work.catch(() => {})
  }

  /** Resolves when all that was sent is acknowledged. */
  async stop(): Promise<void> {
    this.#isOn = false
    await this.#work
  }

  async #send(): Promise<void> {
    await using producer = new KafkaProducer({ bootstrapServers: this.#bootstrapServers, lingerMs: 0 })
    while (this.#isOn) {
      const value = Buffer.from(String(this.sent))
      await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => producer.send({ topic: this.#topic, partition, value })))
      this.sent += PARTITIONS
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

export interface HandoverOptions {
  readonly cluster: TestCluster
  readonly name: string
  readonly first: StartMember
  readonly second: StartMember
  readonly isCooperative: boolean
}

export interface Handover {
  /** The members that led, as far as they told; each once. */
  readonly leaders: ReadonlySet<string>
}

/**
 * While records keep coming: `first` joins alone and leads, `second` joins, `first` leaves, so that `second` leads, another
 * `first` joins, `second` leaves. Checks at each step that the members share the partitions, and at the end that every
 * record was seen exactly once. Members are called first, second and third.
 */
export async function assertHandover({ cluster, name, first, second, isCooperative }: HandoverOptions): Promise<Handover> {
  const topic = await createReadyTopic(cluster, name, PARTITIONS)
  const groupId = cluster.unique(`group-${name}`)
  const id = groupId.slice(-8)
  const [one, two, three] = [`first-${id}`, `second-${id}`, `third-${id}`]
  const state = new GroupState()
  const members = new Set<GroupMember>()
  const join = (start: StartMember, member: string): GroupMember => {
    const joined = start(member, topic, groupId, state)
    members.add(joined)
    return joined
  }
  const leave = async (member: GroupMember): Promise<void> => {
    if (member.dropsWhenLeaving) {
      await feed.stop()
      await state.until('nothing is on its way', () => state.seenBy.size >= feed.sent)
    }
    members.delete(member)
    await member.leave()
    state.owned.delete(member.name)
    if (member.dropsWhenLeaving) feed.start()
  }
  const untilBusy = async (...names: readonly string[]): Promise<void> => {
    const counts = names.map((member) => state.count(member) + RECORDS_PER_STEP)
    await state.until(`${names} had records`, () => names.every((member, i) => state.count(member) >= counts[i]!))
  }
  const untilShared = async (...names: readonly string[]): Promise<void> => {
    const share = PARTITIONS / names.length
    await state.until(
      `${names} share the partitions`,
      () => state.isShared(...names) && state.sizes(...names).every((size) => size === share),
    )
  }

  const feed = new RecordFeed(cluster.bootstrapServers, topic)
  feed.start()
  try {
    const a = join(first, one)
    await untilShared(one)
    await untilBusy(one)
    const before = state.revokedFrom.get(one)?.length ?? 0
    const b = join(second, two)
    await untilShared(one, two)
    const given = state.revokedFrom.get(one)!.slice(before)
    if (isCooperative) assert.deepEqual([given.length, given[0]?.length], [1, PARTITIONS / 2], 'only the partitions that move are given up')
    await untilBusy(one, two)
    await leave(a)
    await untilShared(two)
    await untilBusy(two)
    const c = join(first, three)
    await untilShared(two, three)
    await untilBusy(two, three)
    await leave(b)
    await untilShared(three)
    await untilBusy(three)
    await feed.stop()
    const ends = await cluster.endOffsets(topic)
    const total = ends.reduce((sum, end) => sum + end, 0)
    await state.until(
      `all ${total} records were seen`,
      () => state.seenBy.size >= total,
      () => state.missing(ends),
    )
    await leave(c)

    const seenTwice = [...state.seenBy].filter(([, by]) => by.length > 1)
    assert.equal(seenTwice.length, 0, `${seenTwice.length} of ${total} records were seen twice:\n${state.history}`)
    for (const [partition, end] of ends.entries()) {
      for (let offset = 0; offset < end; offset++)
        assert.ok(state.seenBy.has(`${partition}:${offset}`), `${partition}:${offset} was not seen`)
    }
    assert.equal(state.seenBy.size, total)
  } finally {
    await feed.stop().catch(() => {})
    await Promise.allSettled([...members].map((member) => member.leave()))
  }
  return { leaders: new Set(state.leaders.map((member) => member.slice(0, member.indexOf('-')))) }
}
