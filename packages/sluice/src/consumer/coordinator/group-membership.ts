import { errorCodes } from '@sluice/protocol'
import { heartbeatApi } from '@sluice/protocol/messages/heartbeat'
import { type JoinGroupResponse, joinGroupApi } from '@sluice/protocol/messages/join-group'
import { leaveGroupApi } from '@sluice/protocol/messages/leave-group'
import { syncGroupApi } from '@sluice/protocol/messages/sync-group'
import type { Clock } from '../../clock.ts'
import { KafkaError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import { kafkaErrorFor } from '../../network/broker-error.ts'
import type { Wakeup } from '../wait.ts'
import { CONSUMER_PROTOCOL_TYPE } from './consumer-protocol.ts'
import type { GroupCoordinatorClient } from './group-coordinator-client.ts'
import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts'

export interface MembershipOptions extends HeartbeatOptions {
  readonly groupInstanceId?: string
  readonly requestTimeoutMs: number
}

/** Which incarnation of the group this member belongs to. */
export interface Generation {
  /** -1 outside of a generation. */
  readonly generationId: number
  /** Empty before the coordinator has given one. */
  readonly memberId: string
  readonly protocolName: string | null
}

export interface JoinResult {
  readonly generation: Generation
  readonly protocolName: string
  readonly isLeader: boolean
  readonly assignment: Buffer
}

/** What the membership needs of those who know topics and partitions. */
export interface JoinDelegate {
  /** This member's subscription, once for each assignor. */
  protocols(): { name: string; metadata: Buffer }[]
  /** Only on the leader: what each member gets. */
  assign(response: JoinGroupResponse): Promise<{ memberId: string; assignment: Buffer }[]>
}

/** Brokers hold a JoinGroup for the rebalance timeout; the answer may take a little longer (Java: JOIN_GROUP_TIMEOUT_LAPSE). */
const JOIN_GROUP_LAPSE_MS = 5000
/** From this version on a member says who leaves in a list. */
const FIRST_LEAVE_VERSION_WITH_MEMBERS = 3

const NO_GENERATION: Generation = { generationId: -1, memberId: '', protocolName: null }

/** Joins the group, stays in it with heartbeats, and leaves it (KIP-62; Java: AbstractCoordinator). */
export class GroupMembership {
  readonly #coordinator: GroupCoordinatorClient
  readonly #options: MembershipOptions
  readonly #delegate: JoinDelegate
  readonly #logger: Logger
  readonly #wakeup: Wakeup
  readonly heartbeat: Heartbeat
  #state: 'unjoined' | 'joining' | 'stable' = 'unjoined'
  #generation: Generation = NO_GENERATION
  #rejoinReason: string | null = 'first join'
  #error: KafkaError | null = null

  constructor(
    coordinator: GroupCoordinatorClient,
    options: MembershipOptions,
    delegate: JoinDelegate,
    clock: Clock,
    logger: Logger,
    wakeup: Wakeup,
  ) {
    this.#coordinator = coordinator
    this.#options = options
    this.#delegate = delegate
    this.#logger = logger
    this.#wakeup = wakeup
    this.heartbeat = new Heartbeat(
      options,
      {
        beat: () => this.#beat(),
        onSessionTimeout: () => this.#coordinator.markUnknown('no heartbeat was answered within sessionTimeoutMs'),
        onPollTimeout: () => this.#leaveAfterPollTimeout(),
      },
      clock,
    )
  }

  get generation(): Generation {
    return this.#generation
  }

  /** Null while the member joins or is outside of the group. */
  get stableGeneration(): Generation | null {
    return this.#state === 'stable' ? this.#generation : null
  }

  get isJoining(): boolean {
    return this.#state === 'joining'
  }

  get needsRejoin(): boolean {
    return this.#rejoinReason !== null
  }

  /** What the last join or heartbeat ended with and no retry heals; given once. */
  takeError(): KafkaError | null {
    const error = this.#error
    this.#error = null
    return error
  }

  requestRejoin(reason: string): void {
    if (this.#rejoinReason === null) this.#logger.info('rejoining the group', { groupId: this.#coordinator.groupId, reason })
    this.#rejoinReason = reason
    this.#wakeup.notify()
  }

  /** The membership is over: the partitions may belong to others already. */
  reset(reason: string, keepMemberId = false): void {
    if (this.#generation.generationId >= 0) {
      this.#logger.warn('lost the membership of the group', { groupId: this.#coordinator.groupId, reason })
    }
    this.#generation = keepMemberId ? { ...NO_GENERATION, memberId: this.#generation.memberId } : NO_GENERATION
    this.#state = 'unjoined'
    this.heartbeat.stop()
    this.requestRejoin(reason)
  }

  /** One attempt: JoinGroup, on the leader the assignment, SyncGroup. What it rejects with says by `retriable` whether to try again. */
  async join(signal: AbortSignal): Promise<JoinResult> {
    this.#state = 'joining'
    this.heartbeat.stop()
    try {
      const response = await this.#joinGroup(signal)
      const generation = { generationId: response.generationId, memberId: response.memberId, protocolName: response.protocolName }
      this.#generation = generation
      this.heartbeat.start()
      const isLeader = response.leader === response.memberId
      const assignments = isLeader ? await this.#delegate.assign(response) : []
      const assignment = await this.#syncGroup(generation, assignments, signal)
      if (this.#generation !== generation) {
        throw new KafkaError('REBALANCE_IN_PROGRESS', 'the membership was lost while the group rebalanced', { retriable: true })
      }
      this.#state = 'stable'
      this.#rejoinReason = null
      return { generation, protocolName: response.protocolName ?? '', isLeader, assignment }
    } catch (error) {
      if (this.#state === 'joining') this.#state = 'unjoined'
      this.heartbeat.stop()
      throw error
    }
  }

  /** Tells the coordinator, so that the others need not wait for the session to end. Static members stay (KIP-345). */
  async leave(reason: string, timeoutMs: number): Promise<void> {
    const { memberId } = this.#generation
    const { groupInstanceId } = this.#options
    const wasJoining = this.#state === 'joining'
    this.heartbeat.stop()
    this.#state = 'unjoined'
    this.#generation = NO_GENERATION
    this.#rejoinReason ??= 'left before'
    if (groupInstanceId !== undefined || memberId === '' || this.#coordinator.coordinator === null) return
    // The request would wait behind the JoinGroup otherwise.
    if (wasJoining) this.#coordinator.disconnect()
    const { groupId } = this.#coordinator
    try {
      await this.#coordinator.request(
        leaveGroupApi,
        (version) => (version >= FIRST_LEAVE_VERSION_WITH_MEMBERS ? { groupId, members: [{ memberId, reason }] } : { groupId, memberId }),
        { timeoutMs: Math.max(1, Math.min(timeoutMs, this.#options.requestTimeoutMs)) },
      )
    } catch (error) {
      this.#logger.debug('leaving the group failed; its session will end', { groupId, error })
    }
  }

  async #joinGroup(signal: AbortSignal): Promise<JoinGroupResponse> {
    const { groupId } = this.#coordinator
    const { sessionTimeoutMs, maxPollIntervalMs, requestTimeoutMs, groupInstanceId } = this.#options
    const { memberId } = this.#generation
    const response = await this.#coordinator.request(
      joinGroupApi,
      {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs: maxPollIntervalMs,
        memberId,
        groupInstanceId: groupInstanceId ?? null,
        protocolType: CONSUMER_PROTOCOL_TYPE,
        protocols: this.#delegate.protocols(),
        reason: this.#rejoinReason,
      },
      { timeoutMs: Math.max(requestTimeoutMs, maxPollIntervalMs + JOIN_GROUP_LAPSE_MS), signal },
    )
    if (response.errorCode === errorCodes.MEMBER_ID_REQUIRED) {
      this.#generation = { ...NO_GENERATION, memberId: response.memberId }
      return this.#joinGroup(signal)
    }
    this.#check(response.errorCode, 'joining')
    if (response.protocolType !== null && response.protocolType !== CONSUMER_PROTOCOL_TYPE) {
      throw new KafkaError(
        'INCONSISTENT_GROUP_PROTOCOL',
        `group "${groupId}" is of type "${response.protocolType}", not "${CONSUMER_PROTOCOL_TYPE}"`,
      )
    }
    return response
  }

  async #syncGroup(
    { generationId, memberId, protocolName }: Generation,
    assignments: { memberId: string; assignment: Buffer }[],
    signal: AbortSignal,
  ): Promise<Buffer> {
    const response = await this.#coordinator.request(
      syncGroupApi,
      {
        groupId: this.#coordinator.groupId,
        generationId,
        memberId,
        groupInstanceId: this.#options.groupInstanceId ?? null,
        protocolType: CONSUMER_PROTOCOL_TYPE,
        protocolName,
        assignments,
      },
      // The coordinator waits for the leader, as long as it waits for members to join.
      { timeoutMs: Math.max(this.#options.requestTimeoutMs, this.#options.maxPollIntervalMs + JOIN_GROUP_LAPSE_MS), signal },
    )
    this.#check(response.errorCode, 'syncing with')
    return response.assignment
  }

  /** Takes the consequences of an error of JoinGroup or SyncGroup, and throws it. */
  #check(code: number, doing: string): void {
    if (code === errorCodes.NONE) return
    const error = kafkaErrorFor(code, { message: `${doing} group "${this.#coordinator.groupId}": ${kafkaErrorFor(code).message}` })
    switch (code) {
      case errorCodes.UNKNOWN_MEMBER_ID:
        this.reset(error.code)
        throw retriable(error)
      case errorCodes.ILLEGAL_GENERATION:
        this.reset(error.code, true)
        throw retriable(error)
      case errorCodes.REBALANCE_IN_PROGRESS:
        throw retriable(error)
      case errorCodes.NOT_COORDINATOR:
      case errorCodes.COORDINATOR_NOT_AVAILABLE:
        this.#coordinator.markUnknown(error.code)
        throw retriable(error)
      case errorCodes.COORDINATOR_LOAD_IN_PROGRESS:
        throw retriable(error)
      default:
        throw error
    }
  }

  async #beat(): Promise<boolean> {
    const { groupId, coordinator } = this.#coordinator
    // `poll` looks for it.
    if (coordinator === null) {
      this.#wakeup.notify()
      return false
    }
    const sent = this.#generation
    let code: number
    try {
      const response = await this.#coordinator.request(
        heartbeatApi,
        { groupId, generationId: sent.generationId, memberId: sent.memberId, groupInstanceId: this.#options.groupInstanceId ?? null },
        { timeoutMs: Math.min(this.#options.requestTimeoutMs, this.#options.sessionTimeoutMs) },
      )
      code = response.errorCode
    } catch (error) {
      this.#logger.debug('heartbeat failed', { groupId, error })
      return false
    }
    if (this.#generation !== sent) return true
    switch (code) {
      case errorCodes.NONE:
        this.heartbeat.received()
        return true
      case errorCodes.REBALANCE_IN_PROGRESS:
        this.heartbeat.received()
        if (this.#state === 'stable' && this.#rejoinReason === null) this.requestRejoin('the group is rebalancing')
        return true
      case errorCodes.NOT_COORDINATOR:
      case errorCodes.COORDINATOR_NOT_AVAILABLE:
        this.#coordinator.markUnknown(kafkaErrorFor(code).code)
        this.#wakeup.notify()
        return false
      case errorCodes.COORDINATOR_LOAD_IN_PROGRESS:
        return false
      case errorCodes.UNKNOWN_MEMBER_ID:
      case errorCodes.ILLEGAL_GENERATION:
        this.reset(kafkaErrorFor(code).code, code === errorCodes.ILLEGAL_GENERATION)
        return true
      default:
        this.#error = kafkaErrorFor(code, { message: `heartbeat of group "${groupId}": ${kafkaErrorFor(code).message}` })
        this.reset(this.#error.code)
        return true
    }
  }

  #leaveAfterPollTimeout(): void {
    const { maxPollIntervalMs } = this.#options
    this.#logger.warn(
      `poll was not called for maxPollIntervalMs (max.poll.interval.ms) ${maxPollIntervalMs}, so the consumer leaves the group: raise it, or lower maxPollRecords (max.poll.records)`,
      { groupId: this.#coordinator.groupId },
    )
    const leaving = this.leave('consumer poll timeout has expired', this.#options.requestTimeoutMs)
    this.reset('poll timeout')
    void leaving
  }
}

function retriable(error: KafkaError): KafkaError {
  return error.retriable ? error : new KafkaError(error.code, error.message, { retriable: true })
}
