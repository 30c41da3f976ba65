/**
 * What must be known of @platformatic/kafka to use its codecs as an independent oracle: how the arguments of its
 * `createRequest` follow from a message, and where its results have another shape than Kafka's definitions.
 */
import * as platformatic from '@platformatic/kafka'
import type { Field, FieldType, Struct } from '../../tools/gen-protocol/definition.ts'
import type { Values } from './random-message.ts'

export interface OracleApi {
  readonly exportName: string
  readonly key: number
  readonly version: number
  /** The bytes of the request's body. */
  encodeRequest(values: Values, root: Struct): Buffer
  /** The response, whose error codes do not throw here; and the bytes that were left. */
  decodeResponse(bytes: Buffer): { response: Values; remaining: number }
}

/** One per API and version that the package exports. */
export const oracleApis: readonly OracleApi[] = Object.entries(platformatic as Record<string, any>)
  .filter(([, module]) => module?.api?.key !== undefined)
  .map(([exportName, module]) => oracleApi(exportName, module))

function oracleApi(exportName: string, module: any): OracleApi {
  const { key, version } = module.api as { key: number; version: number }
  return {
    exportName,
    key,
    version,
    encodeRequest(values, root) {
      const args = argumentsOf(key, version, module.createRequest, toTheirs({ kind: 'struct', struct: root }, values, key, version))
      return module.createRequest(...args).buffer
    },
    decodeResponse(bytes) {
      const reader = platformatic.Reader.from(Buffer.from(bytes))
      try {
        return { response: module.parseResponse(1, key, version, reader), remaining: reader.remaining }
      } catch (error) {
        const { response } = error as { response?: Values }
        if (response === undefined) throw error
        return { response, remaining: reader.remaining }
      }
    },
  }
}

/** Their names for fields, where they differ; both names are given. */
const THEIR_NAMES: Readonly<Record<string, string>> = {
  replicaId: 'replica',
  generationIdOrMemberEpoch: 'generationId',
  resourceTypeFilter: 'resourceType',
  resourceNameFilter: 'resourceName',
  patternTypeFilter: 'resourcePatternType',
  principalFilter: 'principal',
  hostFilter: 'host',
  entity: 'entities',
}

/** Names that they changed in one API only. */
const THEIR_NAMES_BY_API: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  23: { topic: 'name', partition: 'partitionIndex' },
  35: { topic: 'name' },
}

function toTheirs(type: FieldType, value: any, key: number, version: number): any {
  if (value === null) return null
  if (type.kind === 'array') return value.map((item: unknown) => toTheirs(type.element, item, key, version))
  if (type.kind === 'primitive') {
    if (type.name === 'int64') return BigInt(value)
    return type.name === 'uuid' ? hyphenated(value) : value
  }
  const theirs: Values = {}
  for (const field of type.struct.fields) {
    const converted = toTheirs(field.type, value[field.name], key, version)
    theirs[field.name] = converted
    const theirName = THEIR_NAMES_BY_API[key]?.[field.name] ?? THEIR_NAMES[field.name]
    if (theirName !== undefined) theirs[theirName] = converted
    // Up to Fetch 12 they take the name of a topic as its id; later they write the tag whenever there is a directory id.
    if (key === 1 && field.name === 'topicId' && version <= 12) theirs.topicId = value.topic
    if (key === 1 && field.name === 'replicaDirectoryId' && value.replicaDirectoryId === ZERO_UUID) theirs.replicaDirectoryId = null
  }
  return theirs
}

/** By the names of the parameters, which are Kafka's fields, except where their function has a shape of its own. */
function argumentsOf(key: number, version: number, createRequest: (...args: any[]) => unknown, theirs: Values): unknown[] {
  switch (key) {
    case 0:
      return [theirs.acks, theirs.timeoutMs, produceMessages(theirs), { transactionalId: theirs.transactionalId }]
    case 9:
      return [version < 8 ? [{ groupId: theirs.groupId, topics: theirs.topics }] : theirs.groups, theirs.requireStable]
    case 10:
      return [theirs.keyType, version < 4 ? [theirs.key] : theirs.coordinatorKeys]
    case 13:
      return [theirs.groupId, version < 3 ? [{ memberId: theirs.memberId }] : theirs.members]
    case 20:
      return [version < 6 ? (theirs.topicNames as string[]).map((name) => ({ name })) : theirs.topics, theirs.timeoutMs]
    case 24:
      return [version < 4 ? [oldTransaction(theirs)] : theirs.transactions]
    case 29:
      return [theirs]
    default:
      return parameterNames(createRequest).map((name) => theirs[name])
  }
}

function produceMessages(theirs: Values): Values[] {
  const topics = theirs.topicData as { name: string; partitionData: { index: number }[] }[]
  return topics.flatMap(({ name, partitionData }) =>
    partitionData.map(({ index }) => ({ topic: name, partition: index, key: Buffer.from('k'), value: Buffer.from(name), timestamp: 1n })),
  )
}

function oldTransaction(theirs: Values): Values {
  return {
    transactionalId: theirs.v3AndBelowTransactionalId,
    producerId: theirs.v3AndBelowProducerId,
    producerEpoch: theirs.v3AndBelowProducerEpoch,
    topics: theirs.v3AndBelowTopics,
  }
}

function parameterNames(createRequest: (...args: any[]) => unknown): string[] {
  const list = /\(([\s\S]*?)\) *\{/.exec(createRequest.toString())![1]!
  return list.split(',').map((parameter) => parameter.trim().replace(/ =.*/, '').replace(/^_/, ''))
}

/**
 * Values that their functions need or write whatever they are given, with the reason. Keyed by API key and field; an
 * undefined result leaves the field to chance.
 */
const FORCED: Readonly<Record<string, (version: number, field: Field) => unknown>> = {
  // "A consumer, not a follower" is hard-coded.
  '1 replicaId': () => -1,
  '1 logStartOffset': () => -1,
  // They write no topic id up to version 11, and an empty name for a null.
  '3 topicId': (version) => (version < 12 ? ZERO_UUID : undefined),
  '3 name': (version) => (version < 12 ? 'orders' : undefined),
  // A retention time is no longer offered.
  '8 retentionTimeMs': () => -1,
  // Its version 1 function refuses to ask for all topics.
  '9 topics': (version) => (version === 1 ? [] : undefined),
  // Only states and types that they know are let through, in their own notation.
  '16 statesFilter': () => [],
  '16 typesFilter': () => [],
  '66 stateFilters': () => [],
  // Derived from the type of upgrade, which version 0 lacks.
  '57 allowDowngrade': () => false,
  // One topic and partition per message is enough here; record batches have tests of their own.
  '0 topicData': () => [{ name: 'orders', topicId: ZERO_UUID, partitionData: [{ index: 3, records: null }] }],
}

export function forcedRequestValue(key: number, version: number): (field: Field) => unknown {
  return (field) => FORCED[`${key} ${field.name}`]?.(version, field)
}

/** Error codes must be ones that they know; records must be batches. */
export function forcedResponseValue(pick: (values: readonly number[]) => number): (field: Field) => unknown {
  return (field) => {
    if (/errorCode$/i.test(field.name)) return pick([0, 3, 29])
    return field.name === 'records' ? Buffer.alloc(0) : undefined
  }
}

/** Our response in the shape in which they return that API and version. */
export function inTheirShape(key: number, version: number, ours: Values): Values {
  if (key === 1 && version <= 12) {
    return { ...ours, responses: (ours.responses as Values[]).map((topic) => ({ ...topic, topicId: topic.topic })) }
  }
  if (key === 10 && version <= 3)
    return { ...ours, coordinators: [{ ...ours, key: '', errorMessage: version === 0 ? null : ours.errorMessage }] }
  if (key === 24 && version <= 3) {
    return { ...ours, resultsByTransaction: [{ transactionalId: '', topicResults: ours.resultsByTopicV3AndBelow }] }
  }
  // They stop at the error code, since an old broker's answer has the layout of version 0 from there on.
  if (key === 18 && version === 3 && ours.errorCode !== 0) return { errorCode: ours.errorCode, apiKeys: [], throttleTimeMs: 0 }
  return ours
}

/** Members that `inTheirShape` fills though the version has no such field. */
export const reshapedMembers: readonly string[] = ['coordinators', 'resultsByTransaction', 'topicId']

/** Members of their responses that Kafka's do not have. */
export const theirOwnMembers: readonly string[] = ['apiKeys.name', 'matchingAcls.resourcePatternType', 'resources.resourcePatternType']

const ZERO_UUID = Buffer.alloc(16).toString('base64url')

export function hyphenated(uuid: string): string {
  return Buffer.from(uuid, 'base64url')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
