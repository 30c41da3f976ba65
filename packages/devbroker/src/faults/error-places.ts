import { errorCodes } from '@sluice/protocol'
import type { Cluster } from '../broker/cluster.ts'
import { joinError, syncError } from '../groups/group-types.ts'
import { resourceTypes } from '../handlers/topic-configs.ts'
import type { DevBrokerApi } from './api-messages.ts'

/** A decoded request or response of any API. */
export type Message = Readonly<Record<string, any>>

/** Where an answer can carry an error code: a partition, a topic (or what else a request names), or the answer as a whole. */
export interface ErrorPlace {
  readonly topic?: string
  readonly partition?: number
}

/** The injected error code for a place, 0 for none. Without a topic: the answer as a whole. */
export type ErrorAt = (topic?: string, partition?: number) => number

export interface SplitRequest {
  /** What is still to be executed; null when nothing is. */
  readonly rest: Message | null
  /** Adds the injected errors to the answer of the rest; `null` when there was no rest. */
  merge(answer: Message | null): Message
}

/** How one API tells errors. */
export interface ErrorPlaces {
  /** Empty when the answer to this request has no error code. */
  of(request: Message, version: number, cluster: Cluster): ErrorPlace[]
  /** Takes out of a request what is to fail. */
  split(request: Message, version: number, cluster: Cluster, errorAt: ErrorAt): SplitRequest
}

const WHOLE: readonly ErrorPlace[] = [{}]

/** One error code for all: nothing is executed. */
function whole(answer: (request: Message, errorCode: number, version: number) => Message): ErrorPlaces {
  return {
    of: () => [...WHOLE],
    split: (request, version, _cluster, errorAt) => ({ rest: null, merge: () => answer(request, errorAt(), version) }),
  }
}

interface ItemFields {
  readonly items: string
  readonly answers: string
  readonly topicOf?: (item: any, cluster: Cluster) => string | undefined
  readonly answer: (item: any, errorCode: number) => Message
}

/** One error code per item of a list: topics, groups, resources, keys. */
function perItem({ items, answers, topicOf = () => undefined, answer }: ItemFields): ErrorPlaces {
  return {
    of: (request, _version, cluster) => (request[items] as unknown[]).map((item) => ({ topic: topicOf(item, cluster) })),
    split(request, _version, cluster, errorAt) {
      const kept: unknown[] = []
      const failed: Message[] = []
      for (const item of request[items]) {
        const errorCode = errorAt(topicOf(item, cluster))
        if (errorCode === 0) kept.push(item)
        else failed.push(answer(item, errorCode))
      }
      const merge = (done: Message | null): Message => ({ ...done, [answers]: [...(done?.[answers] ?? []), ...failed] })
      return { rest: kept.length === 0 ? null : { ...request, [items]: kept }, merge }
    },
  }
}

interface PartitionFields {
  readonly topics: string
  readonly partitions: string
  readonly index: string
  readonly answers: string
  readonly partitionAnswers: string
  readonly topicOf: (topic: any, cluster: Cluster) => string | undefined
  /** A topic's answer without its partitions. */
  readonly topicAnswer: (topic: any) => Message
  readonly partitionAnswer: (index: number, errorCode: number) => Message
  /** What changes in a request of which some partitions failed already. */
  readonly rest?: Message
}

/** One error code per partition; those without one are executed. */
function perPartition(fields: PartitionFields): ErrorPlaces {
  return {
    of: (request, _version, cluster) =>
      (request[fields.topics] as any[]).flatMap((topic) => {
        const name = fields.topicOf(topic, cluster)
        return (topic[fields.partitions] as any[]).map((partition) => ({ topic: name, partition: partition[fields.index] as number }))
      }),
    split(request, _version, cluster, errorAt) {
      const topics = (request[fields.topics] as any[]).map((topic) => splitTopic(fields, topic, fields.topicOf(topic, cluster), errorAt))
      const kept = topics.map(({ rest }) => rest).filter((rest) => rest !== null)
      return {
        rest: kept.length === 0 ? null : { ...request, ...fields.rest, [fields.topics]: kept },
        merge(answer) {
          const answered = answer === null ? [] : answer[fields.answers]
          // An error of the whole request took the place of the topics.
          if (answered === undefined) return answer!
          // Topics are answered in the order in which they were asked for.
          let next = 0
          const merged = topics.map(({ topic, rest, failed }) => {
            const own = rest === null ? undefined : answered[next++]
            const from = own ?? fields.topicAnswer(topic)
            return { ...from, [fields.partitionAnswers]: [...(own?.[fields.partitionAnswers] ?? []), ...failed] }
          })
          return { ...answer, [fields.answers]: merged }
        },
      }
    },
  }
}

function splitTopic(fields: PartitionFields, topic: any, name: string | undefined, errorAt: ErrorAt) {
  const kept: unknown[] = []
  const failed: Message[] = []
  for (const partition of topic[fields.partitions]) {
    const index = partition[fields.index] as number
    const errorCode = errorAt(name, index)
    if (errorCode === 0) kept.push(partition)
    else failed.push(fields.partitionAnswer(index, errorCode))
  }
  return { topic, rest: kept.length === 0 ? null : { ...topic, [fields.partitions]: kept }, failed }
}

const byName = ({ name }: { name: string }): string => name

/** An injected error without a topic goes into the answer as a whole when `when` holds, and otherwise into its parts. */
function wholeOr(
  parts: ErrorPlaces,
  answer: (request: Message, errorCode: number, version: number) => Message,
  when: (request: Message, version: number, errorCode: number) => boolean = () => true,
): ErrorPlaces {
  return {
    of: (request, version, cluster) => {
      const places = parts.of(request, version, cluster)
      return when(request, version, 0) ? [...WHOLE, ...places] : places
    },
    split(request, version, cluster, errorAt) {
      const errorCode = errorAt()
      if (errorCode === 0 || !when(request, version, errorCode)) return parts.split(request, version, cluster, errorAt)
      return { rest: null, merge: () => answer(request, errorCode, version) }
    },
  }
}

const produce = perPartition({
  topics: 'topicData',
  partitions: 'partitionData',
  index: 'index',
  answers: 'responses',
  partitionAnswers: 'partitionResponses',
  topicOf: byName,
  topicAnswer: ({ name }) => ({ name }),
  partitionAnswer: (index, errorCode) => ({ index, errorCode, baseOffset: -1 }),
})

const SESSION_ERRORS: readonly number[] = [
  errorCodes.FETCH_SESSION_ID_NOT_FOUND,
  errorCodes.INVALID_FETCH_SESSION_EPOCH,
  errorCodes.FETCH_SESSION_TOPIC_ID_ERROR,
]

/** As in Kafka a fetch with an error does not wait, and what concerns the session is told of the request as a whole. */
const fetch = wholeOr(
  perPartition({
    topics: 'topics',
    partitions: 'partitions',
    index: 'partition',
    answers: 'responses',
    partitionAnswers: 'partitions',
    topicOf: ({ topic, topicId }, cluster) => (topic === '' ? cluster.topicById(topicId)?.name : topic),
    topicAnswer: ({ topic, topicId }) => ({ topic, topicId }),
    partitionAnswer: (partitionIndex, errorCode) => ({ partitionIndex, errorCode, highWatermark: -1, records: [] }),
    rest: { maxWaitMs: 0 },
  }),
  (_request, errorCode) => ({ errorCode }),
  (request, version, errorCode) => version >= 7 && (request.topics.length === 0 || SESSION_ERRORS.includes(errorCode)),
)

/** The APIs whose requests hold `topics` of `partitions` and are answered in kind. */
function partitionsOf(index: string, topicName = 'name', fields: Message = {}): ErrorPlaces {
  return perPartition({
    topics: 'topics',
    partitions: 'partitions',
    index,
    answers: 'topics',
    partitionAnswers: 'partitions',
    topicOf: (topic) => topic[topicName],
    topicAnswer: (topic) => ({ [topicName]: topic[topicName] }),
    partitionAnswer: (value, errorCode) => ({ ...fields, [index]: value, errorCode }),
  })
}

/** All is executed, since the list of nodes is needed anyhow, but topics that are to fail are neither created nor described. */
const metadata: ErrorPlaces = {
  of: (request, version, cluster) =>
    isForAll(request, version)
      ? [...cluster.topics.keys()].map((topic) => ({ topic }))
      : (request.topics as any[]).map((topic) => ({ topic: metadataTopic(topic, cluster) })),
  split(request, version, cluster, errorAt) {
    const refuse = (topic: Message, errorCode: number): Message => ({ name: topic.name, topicId: topic.topicId, errorCode, partitions: [] })
    if (isForAll(request, version)) {
      const patch = (topic: Message): Message => (errorAt(topic.name) === 0 ? topic : refuse(topic, errorAt(topic.name)))
      return { rest: request, merge: (answer) => ({ ...answer, topics: answer!.topics.map(patch) }) }
    }
    const kept: Message[] = []
    const failed: Message[] = []
    for (const topic of request.topics) {
      const errorCode = errorAt(metadataTopic(topic, cluster))
      if (errorCode === 0) kept.push(topic)
      else failed.push(refuse(topic, errorCode))
    }
    // In version 0 no topics would stand for all of them.
    const merge = (answer: Message | null): Message => ({ ...answer, topics: kept.length === 0 ? failed : [...answer!.topics, ...failed] })
    return { rest: { ...request, topics: kept }, merge }
  },
}

function isForAll({ topics }: Message, version: number): boolean {
  return topics === null || (version === 0 && topics.length === 0)
}

function metadataTopic({ name, topicId }: any, cluster: Cluster): string | undefined {
  return name ?? cluster.topicById(topicId)?.name
}

/** One answer for the group, or, for an error that is aimed at a topic, one for each of its partitions. */
const offsetFetch: ErrorPlaces = {
  of(request, version) {
    const groups = version >= 8 ? (request.groups as any[]) : [request]
    const places = groups.flatMap(({ topics }) =>
      ((topics ?? []) as any[]).flatMap(({ name, partitionIndexes }) =>
        (partitionIndexes as number[]).map((partition) => ({ topic: name as string, partition })),
      ),
    )
    return version >= 2 ? [...WHOLE, ...places] : places
  },
  split(request, version, _cluster, errorAt) {
    const code = errorAt()
    if (code !== 0 && version >= 8) {
      const groups = request.groups.map(({ groupId }: Message) => ({ groupId, topics: [], errorCode: code }))
      return { rest: null, merge: () => ({ groups }) }
    }
    if (code !== 0 && version >= 2) return { rest: null, merge: () => ({ topics: [], errorCode: code }) }
    const patchPartition = (topic: string, partition: any) => {
      const errorCode = errorAt(topic, partition.partitionIndex)
      return errorCode === 0
        ? partition
        : { partitionIndex: partition.partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode }
    }
    const patch = (topics: any[]) =>
      topics.map((topic) => ({ ...topic, partitions: topic.partitions.map((partition: any) => patchPartition(topic.name, partition)) }))
    const merge = (answer: Message | null): Message =>
      version >= 8
        ? { ...answer, groups: answer!.groups.map((group: any) => ({ ...group, topics: patch(group.topics ?? []) })) }
        : { ...answer, topics: patch(answer!.topics ?? []) }
    return { rest: request, merge }
  },
}

const findCoordinators = perItem({
  items: 'coordinatorKeys',
  answers: 'coordinators',
  answer: (key: string, errorCode) => ({ key, errorCode, nodeId: -1, host: '', port: -1 }),
})

/** Up to version 3 one key, whose error is that of the answer; several from version 4 on. */
const findCoordinator: ErrorPlaces = {
  of: (request, version, cluster) => (version < 4 ? [...WHOLE] : findCoordinators.of(request, version, cluster)),
  split(request, version, cluster, errorAt) {
    if (version >= 4) return findCoordinators.split(request, version, cluster, errorAt)
    return { rest: null, merge: () => ({ errorCode: errorAt(), nodeId: -1, host: '', port: -1 }) }
  },
}

const deletedTopics = (items: string, topicOf: ItemFields['topicOf'], answer: ItemFields['answer']): ErrorPlaces =>
  perItem({ items, answers: 'responses', topicOf, answer })
const deleteByName = deletedTopics(
  'topicNames',
  (name: string) => name,
  (name: string, errorCode) => ({ name, errorCode }),
)
const deleteByNameOrId = deletedTopics('topics', metadataTopic, ({ name, topicId }, errorCode) => ({ name, topicId, errorCode }))

const deleteTopics: ErrorPlaces = {
  of: (request, version, cluster) => (version < 6 ? deleteByName : deleteByNameOrId).of(request, version, cluster),
  split: (request, version, cluster, errorAt) => (version < 6 ? deleteByName : deleteByNameOrId).split(request, version, cluster, errorAt),
}

const resources = (answers: string): ErrorPlaces =>
  perItem({
    items: 'resources',
    answers,
    topicOf: ({ resourceType, resourceName }) => (resourceType === resourceTypes.topic ? resourceName : undefined),
    answer: ({ resourceType, resourceName }, errorCode) => ({ resourceType, resourceName, errorCode, errorMessage: null }),
  })

/** Every API that is served. */
export const errorPlaces: Readonly<Record<DevBrokerApi, ErrorPlaces>> = {
  Produce: produce,
  Fetch: fetch,
  ListOffsets: partitionsOf('partitionIndex'),
  Metadata: metadata,
  OffsetCommit: partitionsOf('partitionIndex'),
  OffsetFetch: offsetFetch,
  FindCoordinator: findCoordinator,
  JoinGroup: whole(({ memberId }, errorCode, version) => {
    const answer = joinError(memberId, errorCode)
    return version >= 7 ? answer : { ...answer, protocolName: '' }
  }),
  Heartbeat: whole((_request, errorCode) => ({ errorCode })),
  LeaveGroup: whole((_request, errorCode) => ({ errorCode })),
  SyncGroup: whole((_request, errorCode) => syncError(errorCode) as Message),
  DescribeGroups: perItem({
    items: 'groups',
    answers: 'groups',
    answer: (groupId: string, errorCode) => ({ groupId, errorCode, groupState: 'Dead' }),
  }),
  ListGroups: whole((_request, errorCode) => ({ errorCode })),
  SaslHandshake: whole((_request, errorCode) => ({ errorCode })),
  ApiVersions: whole((_request, errorCode) => ({ errorCode })),
  CreateTopics: perItem({
    items: 'topics',
    answers: 'topics',
    topicOf: byName,
    answer: ({ name }, errorCode) => ({ name, errorCode, errorMessage: null }),
  }),
  DeleteTopics: deleteTopics,
  DeleteRecords: partitionsOf('partitionIndex', 'name', { lowWatermark: -1 }),
  InitProducerId: whole((_request, errorCode) => ({ errorCode, producerId: -1, producerEpoch: -1 })),
  OffsetForLeaderEpoch: partitionsOf('partition', 'topic', { leaderEpoch: -1, endOffset: -1 }),
  DescribeConfigs: resources('results'),
  AlterConfigs: resources('responses'),
  SaslAuthenticate: whole((_request, errorCode) => ({ errorCode, errorMessage: 'a fault was injected' })),
  CreatePartitions: perItem({
    items: 'topics',
    answers: 'results',
    topicOf: byName,
    answer: ({ name }, errorCode) => ({ name, errorCode, errorMessage: null }),
  }),
  DeleteGroups: perItem({ items: 'groupsNames', answers: 'results', answer: (groupId: string, errorCode) => ({ groupId, errorCode }) }),
  IncrementalAlterConfigs: resources('responses'),
  OffsetDelete: wholeOr(partitionsOf('partitionIndex'), (_request, errorCode) => ({ errorCode })),
  DescribeCluster: whole((_request, errorCode) => ({ errorCode })),
}

/** Names of all APIs that are served. */
export const apiNames: readonly DevBrokerApi[] = Object.keys(errorPlaces) as DevBrokerApi[]
