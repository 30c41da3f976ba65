/** What is done to the cluster, and for how long. */
export type FaultKind = 'kill' | 'stop' | 'moveLeader'

export interface PlannedFault {
  readonly kind: FaultKind
  /** Quiet time before it. */
  readonly afterMs: number
  /** How long the broker stays dead or stopped. */
  readonly forMs: number
  readonly broker: number
  readonly partition: number
}

/** The same faults in the same order for the same seed (mulberry32). */
export function* faultSchedule(seed: number, brokers: number, partitions: number): Generator<PlannedFault, never> {
  let state = seed >>> 0
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const kinds: readonly FaultKind[] = ['kill', 'stop', 'moveLeader']
  for (;;) {
    yield {
      kind: kinds[Math.floor(random() * kinds.length)]!,
      afterMs: 2000 + random() * 6000,
      forMs: 1000 + random() * 12_000,
      broker: 1 + Math.floor(random() * brokers),
      partition: Math.floor(random() * partitions),
    }
  }
}
