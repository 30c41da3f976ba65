import { errorCodes } from '@sluice/protocol'
import type { Timer } from '../clock.ts'
import { type GroupProtocol, type JoinRequest, type JoinResult, joinError, type SyncResult, syncError } from './group-types.ts'

const EMPTY = Buffer.alloc(0)

type Answer<T> = (result: T) => void

/** One member of a classic group, with the requests of it that wait for an answer. */
export class GroupMember {
  /** A static member gets a new id each time it comes back. */
  memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  /** What the member can do, in its order of preference. */
  protocols: readonly GroupProtocol[] = []
  /** By name, as a hostile member may list very many. */
  #metadata: ReadonlyMap<string, Buffer> = new Map()
  assignment: Buffer = EMPTY
  /** Joining for the first time: it can send no heartbeat yet, and its wait for the join has a limit of its own. */
  isNew = true
  session: Timer | undefined
  #join: Answer<JoinResult> | undefined
  #sync: Answer<SyncResult> | undefined

  constructor(memberId: string, request: JoinRequest) {
    this.memberId = memberId
    this.groupInstanceId = request.groupInstanceId
    this.clientId = request.clientId
    this.clientHost = request.clientHost
    this.sessionTimeoutMs = request.sessionTimeoutMs
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs
  }

  get isStatic(): boolean {
    return this.groupInstanceId !== null
  }

  get awaitsJoin(): boolean {
    return this.#join !== undefined
  }

  /** A member whose request waits in the broker cannot heartbeat, so its session does not end; a new one's may. */
  get isHeartbeatSatisfied(): boolean {
    return !this.isNew && (this.#join !== undefined || this.#sync !== undefined)
  }

  /** Takes over the timeouts and protocols of a join. The bytes are copied: views would keep whole request frames alive. */
  update(request: JoinRequest): void {
    this.sessionTimeoutMs = request.sessionTimeoutMs
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs
    this.protocols = request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) }))
    this.#metadata = new Map(this.protocols.toReversed().map(({ name, metadata }) => [name, metadata]))
  }

  matches(protocols: readonly GroupProtocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(({ name, metadata }, i) => name === this.protocols[i]!.name && metadata.equals(this.protocols[i]!.metadata))
    )
  }

  supports(protocolName: string): boolean {
    return this.#metadata.has(protocolName)
  }

  metadata(protocolName: string | null): Buffer {
    return (protocolName === null ? undefined : this.#metadata.get(protocolName)) ?? EMPTY
  }

  /** A join that waits until the group has a generation; an older join of the member is told to try again. */
  parkJoin(): Promise<JoinResult> {
    this.answerJoin(joinError(this.memberId, errorCodes.REBALANCE_IN_PROGRESS))
    const { promise, resolve } = Promise.withResolvers<JoinResult>()
    this.#join = resolve
    return promise
  }

  /** A sync that waits until the leader's assignment is there; an older sync of the member is told to rejoin. */
  parkSync(): Promise<SyncResult> {
    this.answerSync(syncError(errorCodes.REBALANCE_IN_PROGRESS))
    const { promise, resolve } = Promise.withResolvers<SyncResult>()
    this.#sync = resolve
    return promise
  }

  /** Answers the waiting join, if there is one. */
  answerJoin(result: JoinResult): boolean {
    const answer = this.#join
    this.#join = undefined
    answer?.(result)
    return answer !== undefined
  }

  /** Answers the waiting sync, if there is one. */
  answerSync(result: SyncResult): boolean {
    const answer = this.#sync
    this.#sync = undefined
    answer?.(result)
    return answer !== undefined
  }

  /** Ends the waits and the session of a member that is no longer one. */
  retire(errorCode: number): void {
    this.session?.cancel()
    this.session = undefined
    this.answerJoin(joinError('', errorCode))
    this.answerSync(syncError(errorCode))
  }
}
