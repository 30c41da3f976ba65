import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'

/** A record that a commit has covered, with what interceptors set for it, by their places in the chain. */
export interface CommittedRecord extends TopicPartition {
  readonly offset: number
  readonly states: readonly unknown[]
}

interface PartitionStates extends TopicPartition {
  /** In the order in which they were set. */
  readonly byOffset: Map<number, unknown[]>
  highest: number
  isSorted: boolean
}

/** Records whose state one chain keeps at most; the oldest are then forgotten. */
export const MAX_STATES = 100_000
/** So many are forgotten at once, so that the partition to take them from is not looked for with every record. */
const FORGOTTEN_AT_ONCE = 1000

/** What the interceptors of one chain keep for records, until a commit has covered them or they are given up. */
export class ConsumerStates {
  readonly #max: number
  readonly #onFull: () => void
  readonly #partitions = new Map<string, PartitionStates>()
  /** Records come partition by partition. */
  #last: PartitionStates | undefined
  #size = 0

  /** `onFull` is called every time that states are forgotten to make room. */
  constructor(onFull: () => void, max: number = MAX_STATES) {
    this.#onFull = onFull
    this.#max = max
  }

  /** Records that have any. */
  get size(): number {
    return this.#size
  }

  get(topic: string, partition: number, offset: number, slot: number): unknown {
    return this.#find(topic, partition)?.byOffset.get(offset)?.[slot]
  }

  set(topic: string, partition: number, offset: number, slot: number, state: unknown): void {
    const states = this.#find(topic, partition) ?? this.#add(topic, partition)
    let slots = states.byOffset.get(offset)
    if (slots === undefined) {
      if (state === undefined) return
      if (this.#size >= this.#max) this.#makeRoom()
      slots = []
      states.byOffset.set(offset, slots)
      this.#size++
      if (offset > states.highest) states.highest = offset
      else states.isSorted = false
    }
    slots[slot] = state
  }

  /** Takes out what lies before these offsets, in offset order. */
  take(offsets: readonly TopicPartitionOffset[]): CommittedRecord[] {
    const taken: CommittedRecord[] = []
    if (this.#size === 0) return taken
    for (const { topic, partition, offset: end } of offsets) {
      const states = this.#partitions.get(`${topic}-${partition}`)
      if (states === undefined) continue
      sort(states)
      for (const [offset, slots] of states.byOffset) {
        if (offset >= end) break
        states.byOffset.delete(offset)
        this.#size--
        taken.push({ topic, partition, offset, states: slots })
      }
    }
    return taken
  }

  /** Records from `from` on, and before `to`, are given up: they come again, or belong to another member. */
  forget(topic: string, partition: number, from: number, to: number = Number.POSITIVE_INFINITY): void {
    const key = `${topic}-${partition}`
    const states = this.#partitions.get(key)
    if (states === undefined) return
    for (const offset of states.byOffset.keys()) {
      if (offset >= from && offset < to && states.byOffset.delete(offset)) this.#size--
    }
    if (states.byOffset.size > 0) return
    this.#partitions.delete(key)
    if (this.#last === states) this.#last = undefined
  }

  clear(): void {
    this.#partitions.clear()
    this.#last = undefined
    this.#size = 0
  }

  #find(topic: string, partition: number): PartitionStates | undefined {
    const last = this.#last
    if (last !== undefined && last.partition === partition && last.topic === topic) return last
    const found = this.#partitions.get(`${topic}-${partition}`)
    if (found !== undefined) this.#last = found
    return found
  }

  #add(topic: string, partition: number): PartitionStates {
    const states = { topic, partition, byOffset: new Map(), highest: -1, isSorted: true }
    this.#partitions.set(`${topic}-${partition}`, states)
    this.#last = states
    return states
  }

  #makeRoom(): void {
    let fullest: PartitionStates | undefined
    for (const states of this.#partitions.values()) if (states.byOffset.size > (fullest?.byOffset.size ?? 0)) fullest = states
    if (fullest === undefined) return
    sort(fullest)
    let left = Math.min(FORGOTTEN_AT_ONCE, Math.ceil(this.#max / 10))
    for (const offset of fullest.byOffset.keys()) {
      if (left-- === 0) break
      fullest.byOffset.delete(offset)
      this.#size--
    }
    this.#onFull()
  }
}

/** Promises may set states out of order. */
function sort(states: PartitionStates): void {
  if (states.isSorted) return
  const sorted = [...states.byOffset].sort(([a], [b]) => a - b)
  states.byOffset.clear()
  for (const [offset, slots] of sorted) states.byOffset.set(offset, slots)
  states.isSorted = true
  states.highest = sorted.at(-1)?.[0] ?? -1
}
