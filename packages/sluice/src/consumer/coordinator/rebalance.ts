import type { Logger } from '../../logger.ts'
import type { TopicPartition } from '../../record/topic-partition.ts'
import type { RebalanceProtocol } from '../assignors/assignor.ts'
import type { RebalanceListener } from '../rebalance-listener.ts'
import type { PartitionState, SubscriptionState } from '../subscription-state.ts'
import type { Deadline } from '../wait.ts'

export interface RebalanceActions {
  /** Waits for handlers that still work on records of these partitions. */
  drain(partitions: readonly TopicPartition[], deadline?: Deadline): Promise<void>
  /** Commits what is consumed when auto-commit is on; a failure is logged, the rebalance goes on. */
  autoCommit(): Promise<void>
}

/** What one member does when the group rebalances: give up, take over, and tell the listener (KIP-429; Java: ConsumerCoordinator). */
export class Rebalance {
  readonly #protocol: RebalanceProtocol
  readonly #subscriptions: SubscriptionState
  readonly #actions: RebalanceActions
  readonly #logger: Logger
  #listenerCalls = 0

  constructor(protocol: RebalanceProtocol, subscriptions: SubscriptionState, actions: RebalanceActions, logger: Logger) {
    this.#protocol = protocol
    this.#subscriptions = subscriptions
    this.#actions = actions
    this.#logger = logger
  }

  get protocol(): RebalanceProtocol {
    return this.#protocol
  }

  /** True while the listener is being called: `close` must not wait for `poll` then. */
  get isCallingListener(): boolean {
    return this.#listenerCalls > 0
  }

  /** Before JoinGroup. `isLost`: the membership is over, the partitions may belong to others. Throws what the listener threw. */
  async prepare(isLost: boolean): Promise<void> {
    const assigned = [...this.#subscriptions.partitions()]
    if (isLost) {
      await this.#lose(assigned)
      return
    }
    const leaving = this.#protocol === 'eager' ? assigned : assigned.filter(({ topic }) => !this.#subscriptions.topics.has(topic))
    await this.#revoke(leaving, true)
  }

  /** After SyncGroup. True when partitions were given up here, so that the group has to rebalance once more. */
  async complete(partitions: readonly TopicPartition[]): Promise<boolean> {
    const owned = [...this.#subscriptions.partitions()]
    const given = new Set(partitions.map(nameOf))
    const had = new Set(owned.map(nameOf))
    const leaving = owned.filter((state) => !given.has(nameOf(state)))
    const added = partitions.filter((partition) => !had.has(nameOf(partition)))
    let error: unknown
    try {
      if (leaving.length > 0) await this.#revoke(leaving, true)
    } catch (thrown) {
      error = thrown
    }
    this.#subscriptions.assignFromGroup(partitions)
    this.#logger.info('partitions assigned', { assigned: partitions.map(nameOf).join(' '), added: added.length, revoked: leaving.length })
    try {
      await this.#call(this.#subscriptions.listener?.onPartitionsAssigned, added)
    } catch (thrown) {
      error ??= thrown
    }
    if (error !== undefined) throw error
    return this.#protocol === 'cooperative' && leaving.length > 0
  }

  /** The last one, on `close` and `unsubscribe`; offsets were committed before. Handlers are waited for until the deadline. */
  async leave(isLost: boolean, deadline: Deadline): Promise<void> {
    const assigned = [...this.#subscriptions.partitions()]
    if (isLost) await this.#lose(assigned)
    else await this.#revoke(assigned, false, deadline)
  }

  async #revoke(states: readonly PartitionState[], commits: boolean, deadline?: Deadline): Promise<void> {
    for (const state of states) state.isPendingRevocation = true
    const partitions = states.map(({ topic, partition }) => ({ topic, partition }))
    if (partitions.length > 0) await this.#actions.drain(partitions, deadline)
    if (commits) await this.#actions.autoCommit()
    if (partitions.length === 0) return
    try {
      await this.#call(this.#subscriptions.listener?.onPartitionsRevoked, partitions)
    } finally {
      this.#drop(partitions)
    }
  }

  async #lose(states: readonly PartitionState[]): Promise<void> {
    if (states.length === 0) return
    const partitions = states.map(({ topic, partition }) => ({ topic, partition }))
    const { listener } = this.#subscriptions
    // Nobody waits for these handlers: what they do counts for nothing any more, and they may be why it was lost.
    void this.#actions.drain(partitions)
    this.#drop(partitions)
    await this.#call(listener?.onPartitionsLost ?? listener?.onPartitionsRevoked, partitions)
  }

  #drop(partitions: readonly TopicPartition[]): void {
    const dropped = new Set(partitions.map(nameOf))
    this.#subscriptions.assignFromGroup(this.#subscriptions.assigned().filter((partition) => !dropped.has(nameOf(partition))))
  }

  async #call(callback: RebalanceListener['onPartitionsAssigned'] | undefined, partitions: readonly TopicPartition[]): Promise<void> {
    if (callback === undefined) return
    this.#listenerCalls++
    try {
      await callback.call(this.#subscriptions.listener, partitions)
    } finally {
      this.#listenerCalls--
    }
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
