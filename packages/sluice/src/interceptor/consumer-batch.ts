import type { Clock } from '../clock.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { ConsumerRecords, type JudgedPartition, JudgedRecord, judgedIn, type PartitionRecords } from '../record/consumer-records.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import { isVerdict } from '../record/verdict.ts'
import type { ConsumerMember } from './consumer-chain.ts'
import { BatchContext } from './consumer-context.ts'
import type { ConsumerPass } from './consumer-pass.ts'
import { checkVerdict, obey, switchedOff } from './consumer-verdicts.ts'
import { isObject, isPromise } from './hook-call.ts'

/** What one interceptor is given of a batch, and what is kept from it, by partition. */
interface Part {
  readonly given: ConsumerRecords
  readonly hidden: ReadonlyMap<string, readonly ConsumerRecord[]> | null
}

/** Runs `onConsume` of a chain for the records of one poll. */
export class BatchHooks {
  readonly #clock: Clock
  readonly #members: readonly ConsumerMember[]
  readonly #sees: (placed: ConsumerMember, topic: string) => boolean

  /** `members`: those with the hook, in the order in which they run. */
  constructor(members: readonly ConsumerMember[], sees: (placed: ConsumerMember, topic: string) => boolean, clock: Clock) {
    this.#members = members
    this.#sees = sees
    this.#clock = clock
  }

  /** Throws, or rejects, with what `onError: 'fail'` asks for; a promise comes back only when a hook gave one. */
  run(records: ConsumerRecords, pass: ConsumerPass): ConsumerRecords | Promise<ConsumerRecords> {
    return this.#walk(records, pass, 0)
  }

  #walk(records: ConsumerRecords, pass: ConsumerPass, from: number): ConsumerRecords | Promise<ConsumerRecords> {
    let last = records
    for (let index = from; index < this.#members.length; index++) {
      const placed = this.#members[index] as ConsumerMember
      const part = this.#partFor(placed, last)
      if (part === null) continue
      const context = new BatchContext(pass, placed.slot)
      try {
        if (placed.member.isOff) throw switchedOff()
        placed.meter.calls++
        const began = this.#clock.monotonic()
        const returned = placed.interceptor.onConsume!(part.given, context)
        if (isPromise(returned)) return this.#later(returned, placed, index, part, last, context, pass, began)
        const isSlow = placed.member.measured(this.#clock.monotonic() - began)
        last = this.#accept(returned, placed, part, last, pass)
        if (placed.member.isStained && !isSlow) placed.member.succeeded()
      } catch (cause) {
        last = this.#failed(cause, placed, part, last, pass)
      }
      context.leave()
    }
    return last
  }

  async #later(
    promise: PromiseLike<unknown>,
    placed: ConsumerMember,
    index: number,
    part: Part,
    records: ConsumerRecords,
    context: BatchContext,
    pass: ConsumerPass,
    began: number,
  ): Promise<ConsumerRecords> {
    const { member } = placed
    let last = records
    try {
      const returned = await pass.settled(promise, placed, (reason) => context.abort(reason))
      if (pass.isOver) return records
      const isSlow = member.measured(this.#clock.monotonic() - began)
      last = this.#accept(returned, placed, part, records, pass)
      if (member.isStained && !isSlow) member.succeeded()
    } catch (cause) {
      if (pass.isOver) return records
      last = this.#failed(cause, placed, part, records, pass)
    } finally {
      context.leave()
    }
    return this.#walk(last, pass, index + 1)
  }

  /** What the interceptor may see of these records; null when that is nothing. */
  #partFor(placed: ConsumerMember, records: ConsumerRecords): Part | null {
    const visible = ({ topic }: TopicPartition): boolean => this.#sees(placed, topic)
    const partitions = records.byPartition()
    if (partitions.every(visible) && records.nextOffsets.every(visible)) {
      if (!placed.isPerRecord) return { given: records, hidden: null }
      if (!records.isEmpty && everyRecord(records, placed)) return { given: records, hidden: null }
    }
    const hidden = new Map<string, readonly ConsumerRecord[]>()
    const seen: PartitionRecords[] = []
    for (const partition of partitions) {
      const kept = visible(partition) ? outOfScope(partition.records, placed) : partition.records
      if (kept.length > 0) hidden.set(nameOf(partition), kept)
      if (kept.length === 0) seen.push(partition)
      else if (kept.length < partition.records.length) {
        const others = new Set(kept)
        seen.push({ ...partition, records: partition.records.filter((record) => !others.has(record)) })
      }
    }
    const given = new ConsumerRecords(seen, records.nextOffsets.filter(visible))
    if (given.isEmpty && (placed.isPerRecord || given.nextOffsets.length === 0)) return null
    return { given, hidden }
  }

  #accept(returned: unknown, placed: ConsumerMember, part: Part, all: ConsumerRecords, pass: ConsumerPass): ConsumerRecords {
    if (!isObject(returned)) throw returnedWrong(returned)
    let result: ConsumerRecords
    if (returned instanceof ConsumerRecords) result = returned
    else if (isVerdict(returned)) result = part.given.map(() => returned)
    else throw returnedWrong(returned)
    const resolved = this.#resolve(result, part.given, placed, pass)
    if (resolved === part.given) return all
    return truncate(part.hidden === null ? withPositions(resolved, all) : merge(all, part, resolved), pass)
  }

  /** Carries out the verdicts that `map` left in the records, and counts what is missing without one. */
  #resolve(returned: ConsumerRecords, given: ConsumerRecords, placed: ConsumerMember, pass: ConsumerPass): ConsumerRecords {
    const partitions = judgedIn(returned)
    const judged = partitions === undefined ? 0 : check(partitions)
    const filtered = given.count - returned.count - judged
    if (filtered > 0) {
      placed.meter.countDropped('filtered', filtered)
      leaveOutFiltered(given, returned, partitions, placed.member.name, pass)
    }
    if (partitions === undefined) return returned
    const resolved = partitions.map(({ topic, partition, entries }) => {
      const records: ConsumerRecord[] = []
      for (const entry of entries) {
        if (!(entry instanceof JudgedRecord)) {
          records.push(entry)
          continue
        }
        const { offset } = entry.record
        const obeyed = obey(entry.verdict, 'onConsume', placed, entry.record)
        if (obeyed.kind === 'emitted') records.push(...obeyed.records)
        else if (obeyed.kind === 'dropped') pass.leaveOut({ topic, partition }, offset, placed.member.name, obeyed.reason)
        else if (obeyed.kind === 'rejected') pass.reject({ topic, partition }, offset, obeyed.error)
        else if (obeyed.kind === 'deadLettered') this.#deadLetter({ topic, partition }, offset, obeyed.error, placed, pass)
      }
      return { topic, partition, records }
    })
    return new ConsumerRecords(resolved, returned.nextOffsets)
  }

  #deadLetter({ topic, partition }: TopicPartition, offset: number, error: Error, { member }: ConsumerMember, pass: ConsumerPass): void {
    pass.deadLetters.push({ topic, partition, offset, error, interceptor: member.name })
    pass.leaveOut({ topic, partition }, offset, member.name, 'dead letter')
  }

  #failed(cause: unknown, placed: ConsumerMember, part: Part, all: ConsumerRecords, pass: ConsumerPass): ConsumerRecords {
    const { member, meter } = placed
    const { given } = part
    const first = given.byPartition()[0] ?? given.nextOffsets[0]
    if (member.onError === 'continue' || (member.onError === 'deadLetter' && given.isEmpty)) {
      member.report('onConsume', cause, { topic: first?.topic, partition: first?.partition, records: given.count })
      return all
    }
    const error = member.failure('onConsume', cause, first?.topic, first?.partition)
    if (member.onError === 'fail') throw error
    meter.deadLettered += given.count
    for (const { topic, partition, records } of given.byPartition()) {
      for (const { offset } of records) this.#deadLetter({ topic, partition }, offset, error, placed, pass)
    }
    const none = new ConsumerRecords([], given.nextOffsets)
    return part.hidden === null ? none : merge(all, part, none)
  }
}

/** What is in neither the records returned nor the verdicts in them. */
function leaveOutFiltered(
  given: ConsumerRecords,
  returned: ConsumerRecords,
  judged: readonly JudgedPartition[] | undefined,
  interceptor: string,
  pass: ConsumerPass,
): void {
  for (const { topic, partition, records } of given.byPartition()) {
    const kept = new Set(returned.records({ topic, partition }).map(({ offset }) => offset))
    for (const { entries } of judged?.filter((one) => one.topic === topic && one.partition === partition) ?? []) {
      for (const entry of entries) if (entry instanceof JudgedRecord) kept.add(entry.record.offset)
    }
    for (const { offset } of records) if (!kept.has(offset)) pass.leaveOut({ topic, partition }, offset, interceptor, 'filtered')
  }
}

/** How many verdicts there are; throws when one is none, before any is carried out. */
function check(partitions: readonly JudgedPartition[]): number {
  let judged = 0
  for (const { entries } of partitions) {
    for (const entry of entries) {
      if (!(entry instanceof JudgedRecord)) continue
      checkVerdict(entry.verdict, 'onConsume')
      judged++
    }
  }
  return judged
}

function everyRecord(records: ConsumerRecords, { member }: ConsumerMember): boolean {
  for (const record of records) if (!member.seesHeaders(record.headers)) return false
  return true
}

function outOfScope(records: readonly ConsumerRecord[], { isPerRecord, member }: ConsumerMember): readonly ConsumerRecord[] {
  return isPerRecord ? records.filter(({ headers }) => !member.seesHeaders(headers)) : []
}

function withPositions(returned: ConsumerRecords, given: ConsumerRecords): ConsumerRecords {
  if (returned.nextOffsets.length > 0 || given.nextOffsets.length === 0) return returned
  return new ConsumerRecords(returned.byPartition(), given.nextOffsets)
}

/** Puts what an interceptor made of its records back into their places; partitions it added come last. */
function merge(all: ConsumerRecords, { given, hidden }: Part, returned: ConsumerRecords): ConsumerRecords {
  const positioned = withPositions(returned, given)
  const changed = new Map(positioned.byPartition().map((partition) => [nameOf(partition), partition]))
  const merged: PartitionRecords[] = []
  for (const partition of all.byPartition()) {
    const name = nameOf(partition)
    const records = inOffsetOrder(hidden!.get(name) ?? [], changed.get(name)?.records ?? [])
    changed.delete(name)
    merged.push({ ...partition, records })
  }
  merged.push(...changed.values())
  const seen = new Set(given.nextOffsets)
  return new ConsumerRecords(merged, [...all.nextOffsets.filter((position) => !seen.has(position)), ...positioned.nextOffsets])
}

function inOffsetOrder(hidden: readonly ConsumerRecord[], changed: readonly ConsumerRecord[]): readonly ConsumerRecord[] {
  if (hidden.length === 0) return changed
  if (changed.length === 0) return hidden
  const records: ConsumerRecord[] = []
  let at = 0
  for (const record of changed) {
    while (at < hidden.length && hidden[at]!.offset < record.offset) records.push(hidden[at++]!)
    records.push(record)
  }
  return [...records, ...hidden.slice(at)]
}

/** Leaves out what lies behind a rejected record: it comes again. */
export function truncate(records: ConsumerRecords, pass: ConsumerPass): ConsumerRecords {
  if (!pass.hasRejections) return records
  return new ConsumerRecords(
    records.byPartition().map((partition) => {
      const end = pass.rejectionOf(partition)?.offset
      return end === undefined ? partition : { ...partition, records: partition.records.filter(({ offset }) => offset < end) }
    }),
    records.nextOffsets.map((position) => {
      const end = pass.rejectionOf(position)?.offset
      return end === undefined || end >= position.offset ? position : { topic: position.topic, partition: position.partition, offset: end }
    }),
  )
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

function returnedWrong(returned: unknown): Error {
  const given = returned === null ? 'null' : Array.isArray(returned) ? 'an array' : typeof returned
  return new TypeError(
    `onConsume returned ${given}; it must return ConsumerRecords: those given, records.filter(...) or records.map(...) of them, or a verdict`,
  )
}
