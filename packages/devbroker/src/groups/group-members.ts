import { errorCodes } from '@sluice/protocol'
import type { GroupMember } from './group-member.ts'
import {
  type GroupProtocol,
  type JoinResultMember,
  joinError,
  type MemberDescription,
  type MemberIdentity,
  syncError,
} from './group-types.ts'

const EMPTY = Buffer.alloc(0)

/** Who is in a group, who leads it, and which protocol they have in common. */
export class GroupMembers implements Iterable<GroupMember> {
  readonly #byId = new Map<string, GroupMember>()
  readonly #idByInstance = new Map<string, string>()
  #leaderId: string | undefined

  get size(): number {
    return this.#byId.size
  }

  /** Empty while there is none. */
  get leaderId(): string {
    return this.#leaderId ?? ''
  }

  [Symbol.iterator](): IterableIterator<GroupMember> {
    return this.#byId.values()
  }

  ids(): IterableIterator<string> {
    return this.#byId.keys()
  }

  get(memberId: string): GroupMember | undefined {
    return this.#byId.get(memberId)
  }

  isLeader(memberId: string): boolean {
    return this.#leaderId === memberId
  }

  /** The id under which a static instance is a member now. */
  staticMemberId(groupInstanceId: string): string | undefined {
    return this.#idByInstance.get(groupInstanceId)
  }

  /** The first member leads; when the leader goes, the next generation elects another. */
  add(member: GroupMember): void {
    this.#byId.set(member.memberId, member)
    if (member.groupInstanceId !== null) this.#idByInstance.set(member.groupInstanceId, member.memberId)
    this.#leaderId ??= member.memberId
  }

  remove(member: GroupMember): void {
    this.#byId.delete(member.memberId)
    if (member.groupInstanceId !== null) this.#idByInstance.delete(member.groupInstanceId)
    if (this.#leaderId === member.memberId) this.#leaderId = undefined
    member.retire(errorCodes.UNKNOWN_MEMBER_ID)
  }

  /** Gives a static member its new id; whoever still waits under the old one is fenced. */
  replace(member: GroupMember, newMemberId: string): void {
    const oldMemberId = member.memberId
    member.answerJoin(joinError(oldMemberId, errorCodes.FENCED_INSTANCE_ID))
    member.answerSync(syncError(errorCodes.FENCED_INSTANCE_ID))
    this.#byId.delete(oldMemberId)
    member.memberId = newMemberId
    this.#byId.set(newMemberId, member)
    this.#idByInstance.set(member.groupInstanceId!, newMemberId)
    if (this.#leaderId === oldMemberId) this.#leaderId = newMemberId
  }

  /** The member that a request names, or the error to answer it with. */
  validate({ memberId, groupInstanceId }: MemberIdentity): GroupMember | number {
    if (groupInstanceId !== null) {
      const currentId = this.#idByInstance.get(groupInstanceId)
      if (currentId === undefined) return errorCodes.UNKNOWN_MEMBER_ID
      if (currentId !== memberId) return errorCodes.FENCED_INSTANCE_ID
    }
    return this.#byId.get(memberId) ?? errorCodes.UNKNOWN_MEMBER_ID
  }

  /** Whether a member with these protocols has one in common with all the others. */
  supportsOneOf(protocols: readonly GroupProtocol[]): boolean {
    return protocols.some(({ name }) => this.#allSupport(name))
  }

  /** Each member votes for its first protocol that all support; ties go to the leader's order, so that the result is always the same. */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const { name } of this.#byId.get(this.leaderId)?.protocols ?? []) {
      if (this.#allSupport(name)) votes.set(name, 0)
    }
    for (const member of this) {
      const choice = member.protocols.find(({ name }) => votes.has(name))
      if (choice !== undefined) votes.set(choice.name, votes.get(choice.name)! + 1)
    }
    let winner: string | undefined
    for (const [name, count] of votes) {
      if (winner === undefined || count > votes.get(winner)!) winner = name
    }
    if (winner === undefined) throw new Error('the members of a group have no protocol in common')
    return winner
  }

  /** Everyone with what it told about the chosen protocol: what the leader assigns from. */
  metadata(protocolName: string | null): JoinResultMember[] {
    return Array.from(this, (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: member.metadata(protocolName),
    }))
  }

  /** Metadata and assignments are shown only with the protocol of a stable group. */
  describe(protocolName: string | null): MemberDescription[] {
    return Array.from(this, (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: member.metadata(protocolName),
      memberAssignment: protocolName === null ? EMPTY : member.assignment,
    }))
  }

  /** The longest that a member may take to rejoin. */
  get rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this) longest = Math.max(longest, member.rebalanceTimeoutMs)
    return longest
  }

  get allAwaitJoin(): boolean {
    for (const member of this) if (!member.awaitsJoin) return false
    return true
  }

  /** Makes sure that the leader is one who has rejoined; false when nobody has. */
  electJoinedLeader(): boolean {
    if (this.#byId.get(this.leaderId)?.awaitsJoin) return true
    for (const member of this) {
      if (!member.awaitsJoin) continue
      this.#leaderId = member.memberId
      return true
    }
    return false
  }

  #allSupport(protocolName: string): boolean {
    for (const member of this) if (!member.supports(protocolName)) return false
    return true
  }
}
