import { randomUUID } from 'node:crypto'
import { errorCodes } from '@sluice/protocol'
import type { Clock } from '../clock.ts'
import { subscribedTopics } from './consumer-subscription.ts'
import { GroupMember } from './group-member.ts'
import { GroupMembers } from './group-members.ts'
import {
  type GroupDescription,
  type GroupListing,
  type GroupState,
  type JoinRequest,
  type JoinResult,
  joinError,
  type MemberIdentity,
  type SyncRequest,
  type SyncResult,
  syncError,
  UNKNOWN_MEMBER_ID,
} from './group-types.ts'
import { PendingJoins } from './pending-joins.ts'
import { RebalanceWait } from './rebalance-wait.ts'

const EMPTY = Buffer.alloc(0)

/** How long a first join may wait: a client that went away meanwhile must not stay in the group (Kafka's `NewMemberJoinTimeoutMs`). */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1000

/** Between two looks at a rebalance that nobody has rejoined; a client may well send a rebalance timeout of 0. */
const MIN_REJOIN_WAIT_MS = 1000

export interface ClassicGroupOptions {
  readonly clock: Clock
  /** How long the first join of an empty group waits for further members (`group.initial.rebalance.delay.ms`). */
  readonly initialRebalanceDelayMs: number
}

/**
 * The classic group protocol, as Kafka's `GroupCoordinator` and `GroupMetadata` run it.
 *
 * ```
 * Empty --join--> PreparingRebalance --all have rejoined, or time is up--> CompletingRebalance --the leader syncs--> Stable
 *                        ^  |                                                      |                                  |
 *                        |  +--nobody is left--> Empty                             |                                  |
 *                        +----------- a member joins anew, changes, leaves or fails +----------------------------------+
 * ```
 *
 * Callers rely on: every `join` and `sync` that waits is answered, at the latest by `unload`; none rejects.
 */
export class ClassicGroup {
  readonly groupId: string
  readonly #clock: Clock
  readonly #members = new GroupMembers()
  /** A rebalance waits for these too. */
  readonly #pendingJoins: PendingJoins
  readonly #wait: RebalanceWait
  #state: GroupState = 'Empty'
  #generationId = 0
  #protocolType: string | null = null
  #protocolName: string | null = null
  /** What this generation's members subscribe to; undefined when that cannot be told. */
  #subscribedTopics: ReadonlySet<string> | undefined = new Set()

  constructor(groupId: string, options: ClassicGroupOptions) {
    this.groupId = groupId
    this.#clock = options.clock
    this.#pendingJoins = new PendingJoins(options.clock)
    this.#wait = new RebalanceWait(options.clock, options.initialRebalanceDelayMs)
  }

  get state(): GroupState {
    return this.#state
  }

  get generationId(): number {
    return this.#generationId
  }

  get protocolType(): string | null {
    return this.#protocolType
  }

  /** Nobody is or was a member, and nobody has been given an id to join with. */
  get isUnused(): boolean {
    return this.#state === 'Empty' && this.#generationId === 0 && this.#pendingJoins.size === 0
  }

  // Requests.

  /** Settles when the group has a generation with this member, or with an error. */
  join(request: JoinRequest): JoinResult | Promise<JoinResult> {
    const { memberId } = request
    if (this.#state === 'Dead') return joinError(memberId, errorCodes.COORDINATOR_NOT_AVAILABLE)
    if (!this.#supportsProtocols(request)) return joinError(memberId, errorCodes.INCONSISTENT_GROUP_PROTOCOL)

    if (memberId === UNKNOWN_MEMBER_ID) return this.#joinNewMember(request)
    if (this.#pendingJoins.has(memberId) && request.groupInstanceId === null) return this.#addMember(memberId, request)
    return this.#rejoin(request)
  }

  /** Settles with the member's assignment once the leader has sent it, or with an error. */
  sync(request: SyncRequest): SyncResult | Promise<SyncResult> {
    const member = this.#validate(request, request.generationId)
    if (typeof member === 'number') return syncError(member)
    if (
      (request.protocolType !== null && request.protocolType !== this.#protocolType) ||
      (request.protocolName !== null && request.protocolName !== this.#protocolName)
    ) {
      return syncError(errorCodes.INCONSISTENT_GROUP_PROTOCOL)
    }
    if (this.#state === 'PreparingRebalance') return syncError(errorCodes.REBALANCE_IN_PROGRESS)

    this.#wait.synced(member.memberId)
    if (this.#state === 'Stable') {
      this.#restartSession(member)
      return this.#syncResult(member)
    }
    const answer = member.parkSync()
    if (this.#members.isLeader(member.memberId)) this.#assign(request.assignments)
    return answer
  }

  /** The error code to answer with. */
  heartbeat(identity: MemberIdentity, generationId: number): number {
    const member = this.#validate(identity, generationId)
    if (typeof member === 'number') return member
    this.#restartSession(member)
    return this.#state === 'PreparingRebalance' ? errorCodes.REBALANCE_IN_PROGRESS : errorCodes.NONE
  }

  /** Removes one member: by its id, or, as an administrator does, a static one by its instance id alone. Returns the error code. */
  leave({ memberId, groupInstanceId }: MemberIdentity): number {
    if (this.#state === 'Dead') return errorCodes.COORDINATOR_NOT_AVAILABLE
    if (this.#pendingJoins.remove(memberId)) {
      this.#maybeCompleteJoin()
      return errorCodes.NONE
    }
    const byInstance = memberId === UNKNOWN_MEMBER_ID && groupInstanceId !== null
    const currentId = byInstance ? this.#members.staticMemberId(groupInstanceId) : memberId
    if (currentId === undefined) return errorCodes.UNKNOWN_MEMBER_ID
    const member = this.#members.validate({ memberId: currentId, groupInstanceId })
    if (typeof member === 'number') return member
    this.#removeMember(member)
    return errorCodes.NONE
  }

  /** Ends a member's session at once, as if its heartbeats had stopped; false when it is no member. */
  expire(memberId: string): boolean {
    const member = this.#members.get(memberId)
    if (member === undefined) return false
    this.#removeMember(member)
    return true
  }

  /** Whether offsets may be committed by this member (or by none); a member's commit keeps its session alive. Returns the error code. */
  validateOffsetCommit(identity: MemberIdentity, generationId: number): number {
    if (this.#state === 'Dead') return errorCodes.COORDINATOR_NOT_AVAILABLE
    const isMember = generationId >= 0 || identity.memberId !== UNKNOWN_MEMBER_ID || identity.groupInstanceId !== null
    if (this.#state === 'Empty' && generationId < 0) return errorCodes.NONE
    if (!isMember) return errorCodes.UNKNOWN_MEMBER_ID
    const member = this.#validate(identity, generationId)
    if (typeof member === 'number') return member
    if (this.#state === 'CompletingRebalance') return errorCodes.REBALANCE_IN_PROGRESS
    this.#restartSession(member)
    return errorCodes.NONE
  }

  /** Whether the offsets of a topic are in use; when that cannot be told they count as used. */
  isSubscribedToTopic(topic: string): boolean {
    return this.#subscribedTopics?.has(topic) ?? true
  }

  describe(): GroupDescription {
    const isStable = this.#state === 'Stable'
    return {
      groupId: this.groupId,
      state: this.#state,
      protocolType: this.#protocolType ?? '',
      protocolData: isStable ? (this.#protocolName ?? '') : '',
      members: this.#members.describe(isStable ? this.#protocolName : null),
    }
  }

  list(): GroupListing {
    return { groupId: this.groupId, protocolType: this.#protocolType ?? '', groupState: this.#state, groupType: 'classic' }
  }

  /**
   * The group goes to another coordinator: waiting requests are answered with `errorCode`, and the members go on there,
   * as far as Kafka would have them in its log. Those that were still joining for the first time join anew.
   */
  move(errorCode: number): void {
    const members = [...this.#members]
    for (const member of members) {
      member.answerJoin(joinError(member.memberId, errorCode))
      member.answerSync(syncError(errorCode))
    }
    this.#pendingJoins.clear()
    for (const member of members) {
      if (member.isNew) this.#removeMember(member)
      else if (this.#members.get(member.memberId) === member) this.#restartSession(member)
    }
  }

  /** Ends the group: waiting requests are answered with `errorCode`, and no timer is left. */
  unload(errorCode: number): void {
    this.#state = 'Dead'
    this.#pendingJoins.clear()
    this.#wait.end()
    for (const member of [...this.#members]) {
      member.retire(errorCode)
      this.#members.remove(member)
    }
  }

  // Joining.

  #joinNewMember(request: JoinRequest): JoinResult | Promise<JoinResult> {
    const { groupInstanceId } = request
    const memberId = `${groupInstanceId ?? request.clientId}-${randomUUID()}`
    const oldMemberId = groupInstanceId === null ? undefined : this.#members.staticMemberId(groupInstanceId)
    if (oldMemberId !== undefined) return this.#replaceStaticMember(this.#members.get(oldMemberId)!, memberId, request)
    if (groupInstanceId === null && request.requireKnownMemberId) {
      this.#pendingJoins.add(memberId, request.sessionTimeoutMs, () => this.#maybeCompleteJoin())
      return joinError(memberId, errorCodes.MEMBER_ID_REQUIRED)
    }
    return this.#addMember(memberId, request)
  }

  #addMember(memberId: string, request: JoinRequest): Promise<JoinResult> {
    const member = new GroupMember(memberId, request)
    if (this.#members.size === 0) this.#protocolType = request.protocolType
    this.#members.add(member)
    this.#pendingJoins.remove(memberId)
    this.#wait.memberAdded()
    this.#restartSession(member, NEW_MEMBER_JOIN_TIMEOUT_MS)
    return this.#awaitGeneration(member, request)
  }

  #rejoin(request: JoinRequest): JoinResult | Promise<JoinResult> {
    const member = this.#members.validate(request)
    if (typeof member === 'number') return joinError(request.memberId, member)
    const isLeader = this.#members.isLeader(member.memberId)
    const isUnchanged = member.matches(request.protocols)
    // A member that did not get the answer to its join asks again. A stable group's leader asks because something
    // else calls for a new assignment, such as new partitions.
    if (isUnchanged && (this.#state === 'CompletingRebalance' || (this.#state === 'Stable' && !isLeader))) {
      return this.#joinResult(member)
    }
    return this.#awaitGeneration(member, request)
  }

  #awaitGeneration(member: GroupMember, request: JoinRequest): Promise<JoinResult> {
    member.update(request)
    const answer = member.parkJoin()
    this.#rebalance()
    return answer
  }

  /** A static member is back with no id: it takes its old place, and a stable group goes on as it is. */
  #replaceStaticMember(member: GroupMember, memberId: string, request: JoinRequest): JoinResult | Promise<JoinResult> {
    const oldLeader = this.#members.leaderId
    this.#wait.renamed(member.memberId, memberId)
    this.#members.replace(member, memberId)
    member.update(request)
    this.#restartSession(member)
    // In CompletingRebalance the leader may be assigning to the old id already, so the generation has to be redone.
    if (this.#state !== 'Stable' || this.#members.selectProtocol() !== this.#protocolName) return this.#awaitGeneration(member, request)
    const result = this.#joinResult(member)
    if (request.supportSkippingAssignment) return { ...result, skipAssignment: this.#members.isLeader(memberId) }
    // An older leader that learnt that it leads would assign anew, and a stable group would not hand that out.
    return { ...result, leader: oldLeader, members: [] }
  }

  #joinResult(member: GroupMember): JoinResult {
    return {
      errorCode: errorCodes.NONE,
      generationId: this.#generationId,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      leader: this.#members.leaderId,
      skipAssignment: false,
      memberId: member.memberId,
      members: this.#members.isLeader(member.memberId) ? this.#members.metadata(this.#protocolName) : [],
    }
  }

  // Rebalancing.

  /** Starts a rebalance, or goes on with the one that waits for members. */
  #rebalance(): void {
    if (this.#state === 'PreparingRebalance') {
      this.#maybeCompleteJoin()
      return
    }
    const wasEmpty = this.#state === 'Empty'
    this.#state = 'PreparingRebalance'
    this.#wait.end()
    for (const member of this.#members) {
      member.assignment = EMPTY
      if (member.answerSync(syncError(errorCodes.REBALANCE_IN_PROGRESS))) this.#restartSession(member)
    }
    const timeoutMs = this.#members.rebalanceTimeoutMs
    if (wasEmpty) this.#wait.forFirstJoins(timeoutMs, () => this.#completeJoin())
    else this.#wait.forJoins(timeoutMs, () => this.#completeJoin())
    this.#maybeCompleteJoin()
  }

  #maybeCompleteJoin(): void {
    if (this.#state !== 'PreparingRebalance' || this.#wait.isGathering || this.#pendingJoins.size > 0) return
    if (this.#members.allAwaitJoin) this.#completeJoin()
  }

  /** Everyone is here, or time is up: whoever has not rejoined is out, except static members, whose session decides. */
  #completeJoin(): void {
    this.#wait.end()
    for (const member of [...this.#members]) {
      if (!member.awaitsJoin && !member.isStatic) this.#members.remove(member)
    }
    if (this.#members.size > 0 && !this.#members.electJoinedLeader()) {
      this.#wait.forJoins(Math.max(MIN_REJOIN_WAIT_MS, this.#members.rebalanceTimeoutMs), () => this.#completeJoin())
      return
    }
    this.#generationId++
    if (this.#members.size === 0) {
      this.#protocolName = null
      this.#subscribedTopics = new Set()
      this.#state = 'Empty'
      return
    }
    this.#protocolName = this.#members.selectProtocol()
    this.#subscribedTopics = subscribedTopics(this.#protocolType, this.#members.metadata(this.#protocolName))
    this.#state = 'CompletingRebalance'
    for (const member of this.#members) {
      member.isNew = false
      this.#restartSession(member)
    }
    this.#wait.forSyncs(this.#members.ids(), this.#members.rebalanceTimeoutMs, (missing) => this.#removeUnsynced(missing))
    for (const member of this.#members) member.answerJoin(this.#joinResult(member))
  }

  #assign(assignments: SyncRequest['assignments']): void {
    const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    for (const member of this.#members) {
      const assignment = byMember.get(member.memberId)
      member.assignment = assignment === undefined ? EMPTY : Buffer.from(assignment)
    }
    this.#state = 'Stable'
    for (const member of this.#members) {
      if (member.answerSync(this.#syncResult(member))) this.#restartSession(member)
    }
  }

  #syncResult(member: GroupMember): SyncResult {
    return {
      errorCode: errorCodes.NONE,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      assignment: member.assignment,
    }
  }

  // Who goes.

  /** Members that never asked for their assignment in a whole rebalance timeout are out. */
  #removeUnsynced(memberIds: readonly string[]): void {
    for (const memberId of memberIds) {
      const member = this.#members.get(memberId)
      if (member !== undefined) this.#members.remove(member)
    }
    this.#rebalance()
  }

  #removeMember(member: GroupMember): void {
    this.#members.remove(member)
    this.#rebalance()
  }

  #restartSession(member: GroupMember, timeoutMs: number = member.sessionTimeoutMs): void {
    member.session?.cancel()
    const onEnd = () => {
      member.session = undefined
      if (!member.isHeartbeatSatisfied) this.#removeMember(member)
    }
    member.session = this.#clock.setTimer(onEnd, timeoutMs, false)
  }

  // Checks.

  #supportsProtocols({ protocolType, protocols }: JoinRequest): boolean {
    if (this.#members.size === 0) return protocolType !== '' && protocols.length > 0
    return protocolType === this.#protocolType && this.#members.supportsOneOf(protocols)
  }

  /** The member that sent a request of this generation, or the error to answer with. */
  #validate(identity: MemberIdentity, generationId: number): GroupMember | number {
    if (this.#state === 'Dead') return errorCodes.COORDINATOR_NOT_AVAILABLE
    const member = this.#members.validate(identity)
    if (typeof member === 'number') return member
    if (this.#state === 'Empty') return errorCodes.UNKNOWN_MEMBER_ID
    return generationId === this.#generationId ? member : errorCodes.ILLEGAL_GENERATION
  }
}
