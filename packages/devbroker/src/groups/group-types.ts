/** Kafka's `ClassicGroupState`; the names are those that DescribeGroups and ListGroups show. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

/** Generation of requests that come from no member: an admin client, or a consumer that assigns its partitions itself. */
export const NO_GENERATION = -1
/** What a member sends that has no id yet. */
export const UNKNOWN_MEMBER_ID = ''

/** A way of assigning that a member supports, with what it tells the leader (its subscription). */
export interface GroupProtocol {
  readonly name: string
  readonly metadata: Buffer
}

/** Who a request says it comes from. */
export interface MemberIdentity {
  readonly memberId: string
  /** `group.instance.id` of a static member (KIP-345). */
  readonly groupInstanceId: string | null
}

export interface JoinRequest extends MemberIdentity {
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly GroupProtocol[]
  /** A dynamic member without an id first gets one, with MEMBER_ID_REQUIRED, and joins with it (JoinGroup v4, KIP-394). */
  readonly requireKnownMemberId: boolean
  /** A static leader that comes back may be told to keep the assignment (JoinGroup v9, KIP-814). */
  readonly supportSkippingAssignment: boolean
}

export interface JoinResultMember extends MemberIdentity {
  readonly metadata: Buffer
}

export interface JoinResult {
  readonly errorCode: number
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  readonly memberId: string
  /** Everyone, for the leader; empty for the others. */
  readonly members: readonly JoinResultMember[]
}

export interface SyncRequest extends MemberIdentity {
  readonly generationId: number
  /** Checked when not null (SyncGroup v5, KIP-559). */
  readonly protocolType: string | null
  readonly protocolName: string | null
  /** From the leader; empty from the others. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}

export interface SyncResult {
  readonly errorCode: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Buffer
}

export interface GroupDescription {
  readonly groupId: string
  readonly state: GroupState
  readonly protocolType: string
  /** The chosen protocol; empty unless the group is stable, as are the members' metadata and assignments. */
  readonly protocolData: string
  readonly members: readonly MemberDescription[]
}

export interface MemberDescription extends MemberIdentity {
  readonly clientId: string
  readonly clientHost: string
  readonly memberMetadata: Buffer
  readonly memberAssignment: Buffer
}

export interface GroupListing {
  readonly groupId: string
  readonly protocolType: string
  readonly groupState: GroupState
  readonly groupType: 'classic'
}

const EMPTY = Buffer.alloc(0)

export function joinError(memberId: string, errorCode: number): JoinResult {
  return {
    errorCode,
    generationId: NO_GENERATION,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  }
}

export function syncError(errorCode: number): SyncResult {
  return { errorCode, protocolType: null, protocolName: null, assignment: EMPTY }
}
