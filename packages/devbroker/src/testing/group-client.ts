import assert from 'node:assert/strict'
import { errorCodes, Writer } from '@sluice/protocol'
import type { GroupCoordinator } from '../groups/group-coordinator.ts'
import type { GroupProtocol, JoinRequest, JoinResult, SyncRequest, SyncResult } from '../groups/group-types.ts'

export interface GroupClientOptions {
  readonly groupId?: string
  readonly clientId?: string
  readonly instanceId?: string
  readonly protocols?: readonly GroupProtocol[]
  readonly protocolType?: string
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  /** JoinGroup's version, which decides on the two-step join and on skipping the assignment. */
  readonly version?: number
}

/** One consumer as the coordinator sees it: sends what it is told to send and remembers its id and generation. */
export class GroupClient {
  readonly groupId: string
  memberId = ''
  generationId = -1
  protocols: readonly GroupProtocol[]
  readonly instanceId: string | null
  readonly #groups: GroupCoordinator
  readonly #options: GroupClientOptions

  constructor(groups: GroupCoordinator, options: GroupClientOptions = {}) {
    this.#groups = groups
    this.#options = options
    this.groupId = options.groupId ?? 'g'
    this.instanceId = options.instanceId ?? null
    this.protocols = options.protocols ?? [protocol('range', ['orders'])]
  }

  get identity(): { memberId: string; groupInstanceId: string | null } {
    return { memberId: this.memberId, groupInstanceId: this.instanceId }
  }

  /** One JoinGroup request. */
  async join(overrides: Partial<JoinRequest> = {}): Promise<JoinResult> {
    const version = this.#options.version ?? 9
    const result = await this.#groups.join(this.groupId, {
      ...this.identity,
      clientId: this.#options.clientId ?? 'client',
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: this.#options.sessionTimeoutMs ?? 10_000,
      rebalanceTimeoutMs: this.#options.rebalanceTimeoutMs ?? 60_000,
      protocolType: this.#options.protocolType ?? 'consumer',
      protocols: this.protocols,
      requireKnownMemberId: version >= 4 && this.instanceId === null,
      supportSkippingAssignment: version >= 9,
      ...overrides,
    })
    if (result.errorCode === errorCodes.NONE || result.errorCode === errorCodes.MEMBER_ID_REQUIRED) this.memberId = result.memberId
    if (result.errorCode === errorCodes.NONE) this.generationId = result.generationId
    return result
  }

  /** Joins as a client does: with the id that it is given, when it is told to. */
  async enter(overrides: Partial<JoinRequest> = {}): Promise<JoinResult> {
    const result = await this.join(overrides)
    return result.errorCode === errorCodes.MEMBER_ID_REQUIRED ? this.join(overrides) : result
  }

  async sync(assignments: Readonly<Record<string, string>> = {}, overrides: Partial<SyncRequest> = {}): Promise<SyncResult> {
    return this.#groups.sync(this.groupId, {
      ...this.identity,
      generationId: this.generationId,
      protocolType: null,
      protocolName: null,
      assignments: Object.entries(assignments).map(([memberId, text]) => ({ memberId, assignment: Buffer.from(text) })),
      ...overrides,
    })
  }

  heartbeat(): number {
    return this.#groups.heartbeat(this.groupId, this.identity, this.generationId)
  }

  leave(): number {
    const result = this.#groups.leave(this.groupId, [this.identity])
    return typeof result === 'number' ? result : result[0]!
  }

  commit(offset: number, partition = 0, topic = 'orders'): number {
    const [result] = this.#groups.commitOffsets({
      groupId: this.groupId,
      ...this.identity,
      generationId: this.generationId,
      unknownGroupError: errorCodes.ILLEGAL_GENERATION,
      topics: [
        { name: topic, partitions: [{ partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: 3, metadata: 'm' }] },
      ],
    })
    return result!.partitions[0]!.errorCode
  }
}

/** Brings clients into one stable generation; the first one leads and gives each its index as assignment. */
export async function stabilize(...clients: readonly [GroupClient, ...GroupClient[]]): Promise<void> {
  const [leader, ...followers] = clients
  await leader.enter()
  for (const follower of followers) {
    const joined = follower.enter()
    await settle()
    for (const other of clients) if (other !== follower && other.generationId >= 0) void other.join()
    await joined
    await settle()
  }
  const assignments = Object.fromEntries(clients.map((client, i) => [client.memberId, `part ${i}`]))
  const results = await Promise.all(clients.map((client) => client.sync(client === leader ? assignments : {})))
  for (const [i, { errorCode, assignment }] of results.entries()) {
    assert.equal(errorCode, errorCodes.NONE)
    assert.equal(assignment.toString(), `part ${i}`)
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A protocol whose metadata is a consumer's subscription. */
export function protocol(name: string, topics: readonly string[]): GroupProtocol {
  const writer = new Writer()
  writer.int16(0)
  writer.arrayCount(topics.length)
  for (const topic of topics) writer.string(topic)
  writer.nullableBytes(null)
  return { name, metadata: writer.toBuffer() }
}
