import { DevBrokerError } from '../errors.ts'
import { quoted } from '../quoted.ts'

/** Kafka's numbers for the types of configuration values (DescribeConfigs v3). */
export const configTypes = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7, class: 8, password: 9 } as const
export type ConfigType = keyof typeof configTypes

export interface ConfigDefinition {
  readonly type: ConfigType
  readonly default: string
  readonly min?: number
  readonly values?: readonly string[]
  readonly doc: string
}

const NO_EFFECT = 'Accepted and shown; has no effect on this broker.'
const MAX_LONG = '9223372036854775807'

/**
 * Topic configurations by Kafka's names. Defaults are Kafka's, except that retention is off: a development broker forgets
 * nothing unless it is told to.
 */
export const topicConfigs: Readonly<Record<string, ConfigDefinition>> = {
  'cleanup.policy': {
    type: 'list',
    default: 'delete',
    values: ['delete', 'compact'],
    doc: 'With compact, a record needs a key. Compaction itself is not carried out on this broker.',
  },
  'compression.type': {
    type: 'string',
    default: 'producer',
    values: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    doc: 'Batches are kept as the producer compressed them, whatever is set.',
  },
  'compression.gzip.level': { type: 'int', default: '-1', doc: NO_EFFECT },
  'compression.lz4.level': { type: 'int', default: '9', doc: NO_EFFECT },
  'compression.zstd.level': { type: 'int', default: '3', doc: NO_EFFECT },
  'delete.retention.ms': { type: 'long', default: '86400000', min: 0, doc: NO_EFFECT },
  'file.delete.delay.ms': { type: 'long', default: '60000', min: 0, doc: NO_EFFECT },
  'flush.messages': { type: 'long', default: MAX_LONG, min: 1, doc: NO_EFFECT },
  'flush.ms': { type: 'long', default: MAX_LONG, min: 0, doc: NO_EFFECT },
  'follower.replication.throttled.replicas': { type: 'list', default: '', doc: NO_EFFECT },
  'index.interval.bytes': { type: 'int', default: '4096', min: 0, doc: NO_EFFECT },
  'leader.replication.throttled.replicas': { type: 'list', default: '', doc: NO_EFFECT },
  'local.retention.bytes': { type: 'long', default: '-2', min: -2, doc: NO_EFFECT },
  'local.retention.ms': { type: 'long', default: '-2', min: -2, doc: NO_EFFECT },
  'max.compaction.lag.ms': { type: 'long', default: MAX_LONG, min: 1, doc: NO_EFFECT },
  'max.message.bytes': { type: 'int', default: '1048588', min: 0, doc: 'Largest record batch that is accepted, after compression.' },
  'message.timestamp.after.max.ms': {
    type: 'long',
    default: '3600000',
    min: 0,
    doc: 'How far a timestamp of the producer may lie ahead of the broker.',
  },
  'message.timestamp.before.max.ms': {
    type: 'long',
    default: MAX_LONG,
    min: 0,
    doc: 'How far a timestamp of the producer may lie behind the broker.',
  },
  'message.timestamp.type': {
    type: 'string',
    default: 'CreateTime',
    values: ['CreateTime', 'LogAppendTime'],
    doc: 'Whether records keep the time of the producer or get the time of their arrival.',
  },
  'min.cleanable.dirty.ratio': { type: 'double', default: '0.5', min: 0, doc: NO_EFFECT },
  'min.compaction.lag.ms': { type: 'long', default: '0', min: 0, doc: NO_EFFECT },
  'min.insync.replicas': { type: 'int', default: '1', min: 1, doc: 'With acks=all, the replicas whose nodes must be up.' },
  preallocate: { type: 'boolean', default: 'false', values: ['true', 'false'], doc: NO_EFFECT },
  'remote.storage.enable': { type: 'boolean', default: 'false', values: ['true', 'false'], doc: NO_EFFECT },
  'retention.bytes': {
    type: 'long',
    default: '-1',
    min: -1,
    doc: 'Size of a partition above which its oldest batches are deleted; -1 keeps all.',
  },
  'retention.ms': { type: 'long', default: '-1', min: -1, doc: 'Age above which batches are deleted; -1 (here the default) keeps all.' },
  'segment.bytes': { type: 'int', default: '1073741824', min: 14, doc: NO_EFFECT },
  'segment.index.bytes': { type: 'int', default: '10485760', min: 4, doc: NO_EFFECT },
  'segment.jitter.ms': { type: 'long', default: '0', min: 0, doc: NO_EFFECT },
  'segment.ms': { type: 'long', default: '604800000', min: 1, doc: NO_EFFECT },
  'unclean.leader.election.enable': { type: 'boolean', default: 'false', values: ['true', 'false'], doc: NO_EFFECT },
}

/** One topic's configuration: what was set, and the defaults for the rest. Immutable; `with` makes another. */
export class TopicConfig {
  /** What was set on the topic itself. */
  readonly overrides: ReadonlyMap<string, string>
  readonly maxMessageBytes: number
  readonly minInSyncReplicas: number
  readonly retentionBytes: number
  readonly retentionMs: number
  readonly logAppendTime: boolean
  readonly compacted: boolean
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number

  /** Throws INVALID_CONFIG for a name or value that Kafka would not take. */
  constructor(overrides: Iterable<readonly [string, string]> = []) {
    this.overrides = new Map(overrides)
    for (const [name, value] of this.overrides) checkValue(name, value)
    this.maxMessageBytes = Number(this.value('max.message.bytes'))
    this.minInSyncReplicas = Number(this.value('min.insync.replicas'))
    this.retentionBytes = Number(this.value('retention.bytes'))
    this.retentionMs = Number(this.value('retention.ms'))
    this.logAppendTime = this.value('message.timestamp.type') === 'LogAppendTime'
    this.compacted = this.value('cleanup.policy').includes('compact')
    this.timestampBeforeMaxMs = Number(this.value('message.timestamp.before.max.ms'))
    this.timestampAfterMaxMs = Number(this.value('message.timestamp.after.max.ms'))
  }

  /** The value in force. The name must be one of `topicConfigs`. */
  value(name: string): string {
    return this.overrides.get(name) ?? topicConfigs[name]!.default
  }
}

function checkValue(name: string, value: string): void {
  const definition = Object.hasOwn(topicConfigs, name) ? topicConfigs[name]! : undefined
  if (definition === undefined) throw new DevBrokerError('INVALID_CONFIG', `unknown topic config name: ${quoted(name)}`)
  const bad = (why: string): never => {
    throw new DevBrokerError('INVALID_CONFIG', `invalid value ${quoted(value)} for configuration ${name}: ${why}`)
  }
  if (definition.values !== undefined) {
    const given = definition.type === 'list' ? value.split(',').map((part) => part.trim()) : [value]
    for (const part of given) if (!definition.values.includes(part)) bad(`it must be one of ${definition.values.join(', ')}`)
    return
  }
  if (definition.type !== 'int' && definition.type !== 'long' && definition.type !== 'double') return
  const number = Number(value)
  if (value.trim() === '' || !Number.isFinite(number) || (definition.type !== 'double' && !Number.isInteger(number)))
    bad('it is not a number')
  if (definition.type === 'int' && Math.abs(number) > 2 ** 31 - 1) bad('it does not fit into 32 bits')
  if (definition.min !== undefined && number < definition.min) bad(`it must be at least ${definition.min}`)
}
