import { errorCodes, Reader } from '@sluice/protocol'
import { consumerProtocolAssignment } from '@sluice/protocol/messages/consumer-protocol-assignment'
import { deleteGroupsApi } from '@sluice/protocol/messages/delete-groups'
import { describeGroupsApi } from '@sluice/protocol/messages/describe-groups'
import { listGroupsApi } from '@sluice/protocol/messages/list-groups'
import { offsetFetchApi } from '@sluice/protocol/messages/offset-fetch'
import { KafkaError } from '../errors.ts'
import { kafkaErrorFor } from '../network/broker-error.ts'
import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'
import type { CallOptions, ClusterCalls } from './cluster-calls.ts'

export interface GroupListing {
  readonly groupId: string
  /** `consumer` for groups of consumers. */
  readonly protocolType: string
  /** Such as Stable or Empty; empty text from brokers that do not say. */
  readonly state: string
}

export interface GroupMemberDescription {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly partitions: readonly TopicPartition[]
}

export interface GroupDescription extends GroupListing {
  /** The assignor in use, such as `range`. */
  readonly protocol: string
  readonly members: readonly GroupMemberDescription[]
}

const CONSUMER_PROTOCOL_TYPE = 'consumer'
const FIRST_OFFSET_FETCH_VERSION_WITH_GROUPS = 8
/** Version 10 speaks of topic ids. */
const MAX_OFFSET_FETCH_VERSION = 9

/** What an admin client asks of groups' coordinators. */
export class GroupCalls {
  readonly #calls: ClusterCalls

  constructor(calls: ClusterCalls) {
    this.#calls = calls
  }

  /** Asks every broker, each of which knows the groups that it coordinates. */
  async list(options: CallOptions): Promise<GroupListing[]> {
    return this.#calls.run('listGroups', options, async (part) => {
      const nodes = await this.#calls.allNodes(part)
      const responses = await Promise.all(nodes.map((node) => this.#calls.request(node, listGroupsApi, {}, part)))
      const groups = new Map<string, GroupListing>()
      for (const response of responses) {
        if (response.errorCode !== errorCodes.NONE) throw kafkaErrorFor(response.errorCode)
        for (const { groupId, protocolType, groupState } of response.groups)
          groups.set(groupId, { groupId, protocolType, state: groupState })
      }
      return [...groups.values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
    })
  }

  async describe(groupId: string, options: CallOptions): Promise<GroupDescription> {
    return this.#calls.run('describeGroups', options, async (part) => {
      const coordinator = await this.#calls.coordinator(groupId, part)
      const { groups } = await this.#calls.request(coordinator, describeGroupsApi, { groups: [groupId] }, part)
      const group = groups[0]
      if (group === undefined) throw new KafkaError('GROUP_ID_NOT_FOUND', `group "${groupId}" does not exist`)
      if (group.errorCode === errorCodes.GROUP_ID_NOT_FOUND) {
        return { groupId, protocolType: '', protocol: '', state: 'Dead', members: [] }
      }
      if (group.errorCode !== errorCodes.NONE) throw kafkaErrorFor(group.errorCode, { message: group.errorMessage })
      const isConsumers = group.protocolType === CONSUMER_PROTOCOL_TYPE
      return {
        groupId,
        protocolType: group.protocolType,
        protocol: group.protocolData,
        state: group.groupState,
        members: group.members.map(({ memberId, groupInstanceId, clientId, clientHost, memberAssignment }) => ({
          memberId,
          groupInstanceId,
          clientId,
          clientHost,
          partitions: isConsumers ? assignedPartitions(memberAssignment) : [],
        })),
      }
    })
  }

  async delete(groupId: string, options: CallOptions): Promise<void> {
    await this.#calls.run('deleteGroups', options, async (part) => {
      const coordinator = await this.#calls.coordinator(groupId, part)
      const { results } = await this.#calls.request(coordinator, deleteGroupsApi, { groupsNames: [groupId] }, part)
      const errorCode = results[0]?.errorCode ?? errorCodes.NONE
      if (errorCode !== errorCodes.NONE)
        throw kafkaErrorFor(errorCode, { message: `group "${groupId}": ${kafkaErrorFor(errorCode).message}` })
    })
  }

  async fetchOffsets(
    groupId: string,
    partitions: readonly TopicPartition[] | undefined,
    options: CallOptions,
  ): Promise<TopicPartitionOffset[]> {
    const byTopic = partitions === undefined ? null : Map.groupBy(partitions, ({ topic }) => topic)
    const topics =
      byTopic === null ? null : [...byTopic].map(([name, list]) => ({ name, partitionIndexes: list.map(({ partition }) => partition) }))
    return this.#calls.run('fetchOffsets', options, async (part) => {
      const response = await this.#calls.request(
        await this.#calls.coordinator(groupId, part),
        offsetFetchApi,
        (version) => (version >= FIRST_OFFSET_FETCH_VERSION_WITH_GROUPS ? { groups: [{ groupId, topics }] } : { groupId, topics }),
        part,
        MAX_OFFSET_FETCH_VERSION,
      )
      const group = response.groups[0] ?? response
      if (group.errorCode !== errorCodes.NONE) throw kafkaErrorFor(group.errorCode)
      const offsets: TopicPartitionOffset[] = []
      for (const { name: topic, partitions: answers } of group.topics) {
        for (const {
          partitionIndex: partition,
          errorCode,
          committedOffset: offset,
          committedLeaderEpoch: leaderEpoch,
          metadata,
        } of answers) {
          if (errorCode !== errorCodes.NONE) throw kafkaErrorFor(errorCode, { topic, partition })
          if (offset < 0) continue
          offsets.push({ topic, partition, offset, ...(metadata ? { metadata } : {}), ...(leaderEpoch >= 0 ? { leaderEpoch } : {}) })
        }
      }
      return offsets
    })
  }
}

function assignedPartitions(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = new Reader(bytes)
  const version = Math.max(0, Math.min(reader.int16(), consumerProtocolAssignment.maxVersion))
  const { assignedPartitions: topics } = consumerProtocolAssignment.read(reader, version)
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}
