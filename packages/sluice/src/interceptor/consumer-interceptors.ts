import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'
import { type Carried, ConsumerChain } from './consumer-chain.ts'
import type { ConsumerInterceptor } from './consumer-interceptor.ts'
import { MAX_STATES } from './consumer-states.ts'
import { InterceptorChains } from './interceptor-chains.ts'
import type { InterceptorContext } from './interceptor-context.ts'

/**
 * The consumer's interceptors (Java: ConsumerInterceptors): the chain in force, and those before it until they are drained.
 * The state of a record belongs to the chain that saw it, whatever has replaced that chain since.
 */
export class ConsumerInterceptors extends InterceptorChains<ConsumerInterceptor, ConsumerChain> {
  /** The chain in force is the last. */
  readonly #chains: Set<ConsumerChain>

  /** Configures the interceptors in list order. Throws CONFIG naming the one whose `configure` threw, after closing it and those before it. */
  constructor(interceptors: readonly ConsumerInterceptor[], context: InterceptorContext) {
    const chains = new Set<ConsumerChain>()
    let hasWarned = false
    const parts = {
      clock: context.clock,
      hasGroup: context.groupId !== undefined,
      onStatesFull: () => {
        if (hasWarned) return
        hasWarned = true
        context.logger.error(
          `interceptors keep a state for ${MAX_STATES} records that are not committed: the oldest are forgotten, onCommit will not tell of them`,
          { clientId: context.clientId, groupId: context.groupId },
        )
      },
    }
    super(interceptors, context, (members) => {
      const chain: ConsumerChain = new ConsumerChain(members, { ...parts, onEnd: () => chains.delete(chain) })
      chains.add(chain)
      return chain
    })
    this.#chains = chains
  }

  /** A commit has succeeded. */
  onCommit(offsets: readonly TopicPartitionOffset[]): void {
    const carried: Carried = new Map()
    const inForce = this.chain
    for (const chain of this.#chains) if (chain !== inForce) chain.commit(offsets, carried, inForce)
    inForce.commit(offsets, carried)
  }

  /** A partition's records from `from` on are given up, after a seek or with the partition. */
  forget(partition: TopicPartition, from: number): void {
    for (const chain of this.#chains) chain.forget(partition, from)
  }

  override close(): Promise<void> {
    for (const chain of this.#chains) chain.abandon()
    return super.close()
  }
}
