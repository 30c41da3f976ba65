import { errorCodes } from '@sluice/protocol'
import type { Partition } from '../broker/partition.ts'
import type { RequestContext } from './handler.ts'

export interface LeaderIdAndEpoch {
  readonly leaderId: number
  readonly leaderEpoch: number
}

export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** What keeps this node from serving the partition as its leader, or NONE. */
export function leadershipError(context: RequestContext, partition: Partition | undefined, currentLeaderEpoch: number): number {
  if (partition === undefined) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION
  if (partition.leader !== context.node.id) return errorCodes.NOT_LEADER_OR_FOLLOWER
  if (currentLeaderEpoch === -1 || currentLeaderEpoch === partition.leaderEpoch) return errorCodes.NONE
  return currentLeaderEpoch < partition.leaderEpoch ? errorCodes.FENCED_LEADER_EPOCH : errorCodes.UNKNOWN_LEADER_EPOCH
}

/** Collects where clients should go instead, for the tagged fields of KIP-951. */
export class LeaderHints {
  readonly #context: RequestContext
  readonly #hintsFrom: number
  readonly #endpointsFrom: number
  readonly #endpoints: Map<number, NodeEndpoint> = new Map()

  /** The API carries leaders from one version on, and their addresses from another. */
  constructor(context: RequestContext, hintsFrom: number, endpointsFrom: number) {
    this.#context = context
    this.#hintsFrom = hintsFrom
    this.#endpointsFrom = endpointsFrom
  }

  /** The leader to name in a partition's answer; undefined when the error does not call for one. */
  hint(errorCode: number, partition: Partition | undefined): LeaderIdAndEpoch | undefined {
    const stale = errorCode === errorCodes.NOT_LEADER_OR_FOLLOWER || errorCode === errorCodes.FENCED_LEADER_EPOCH
    if (!stale || partition === undefined || this.#context.version < this.#hintsFrom) return undefined
    const leader = this.#context.cluster.nodes.get(partition.leader)
    if (leader !== undefined) this.#endpoints.set(leader.id, { nodeId: leader.id, host: leader.host, port: leader.port })
    return { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch }
  }

  endpoints(): NodeEndpoint[] {
    return this.#context.version < this.#endpointsFrom ? [] : [...this.#endpoints.values()]
  }
}
