import type { DevBrokerApi } from './api-messages.ts'
import type { ErrorPlace } from './error-places.ts'
import type { Fault } from './fault.ts'

/** Which requests a fault is for. What is left out does not matter. */
export interface FaultScope {
  /** The node that the request comes to. */
  readonly node?: number
  readonly topic?: string
  /** Needs `topic`. */
  readonly partition?: number
}

/** A fault that no request has met yet. */
export interface PendingFault extends FaultScope {
  readonly api: DevBrokerApi
  /** Such as `NOT_LEADER_OR_FOLLOWER` or `dropAfter`. */
  readonly fault: string
}

export interface ScopedFault {
  readonly fault: Fault
  readonly scope: FaultScope
}

interface Queue {
  readonly scope: FaultScope
  readonly faults: Fault[]
}

/** Faults in the order in which they were pushed, by API and scope. */
export class FaultQueues {
  readonly #queues: Map<string, Queue[]> = new Map()

  get isEmpty(): boolean {
    return this.#queues.size === 0
  }

  push(api: DevBrokerApi, faults: readonly Fault[], scope: FaultScope): void {
    if (faults.length === 0) return
    const queues = this.#queues.get(api) ?? []
    const same = queues.find(
      (queue) => queue.scope.node === scope.node && queue.scope.topic === scope.topic && queue.scope.partition === scope.partition,
    )
    if (same !== undefined) {
      same.faults.push(...faults)
      return
    }
    queues.push({ scope, faults: [...faults] })
    queues.sort((a, b) => narrowness(b.scope) - narrowness(a.scope))
    this.#queues.set(api, queues)
  }

  /**
   * Takes what a request meets: from each queue that it falls under the first fault, as long as the ones taken before
   * leave something for it to do. Narrow scopes come first.
   */
  take(api: DevBrokerApi, node: number, places: () => readonly ErrorPlace[]): ScopedFault[] {
    const queues = this.#queues.get(api)
    if (queues === undefined) return []
    const taken: ScopedFault[] = []
    for (const { scope, faults } of queues) {
      if (scope.node !== undefined && scope.node !== node) continue
      const fault = faults[0]!
      if (!hasEffect({ fault, scope }, taken, places)) continue
      faults.shift()
      taken.push({ fault, scope })
      if (endsRequest(fault)) break
    }
    const left = queues.filter(({ faults }) => faults.length > 0)
    if (left.length === 0) this.#queues.delete(api)
    else this.#queues.set(api, left)
    return taken
  }

  pending(): PendingFault[] {
    return [...this.#queues].flatMap(([api, queues]) =>
      queues.flatMap(({ scope, faults }) => faults.map(({ description }) => ({ api: api as DevBrokerApi, fault: description, ...scope }))),
    )
  }

  clear(): void {
    this.#queues.clear()
  }
}

/** Whether an error in this scope is told at this place. The answer as a whole is the place of errors without a topic only. */
export function covers(scope: FaultScope, { topic, partition }: ErrorPlace): boolean {
  if (scope.topic === undefined) return true
  return scope.topic === topic && (scope.partition === undefined || scope.partition === partition)
}

function hasEffect({ fault, scope }: ScopedFault, taken: readonly ScopedFault[], places: () => readonly ErrorPlace[]): boolean {
  const errors = taken.filter((each) => each.fault.errorCode !== 0)
  if (fault.errorCode !== 0) {
    return places().some((place) => covers(scope, place) && !errors.some((earlier) => covers(earlier.scope, place)))
  }
  return scope.topic === undefined || places().some((place) => covers(scope, place))
}

function endsRequest({ kind }: Fault): boolean {
  return kind !== 'error' && kind !== 'delay' && kind !== 'throttle'
}

function narrowness({ node, topic, partition }: FaultScope): number {
  return (partition === undefined ? 0 : 4) + (topic === undefined ? 0 : 2) + (node === undefined ? 0 : 1)
}
