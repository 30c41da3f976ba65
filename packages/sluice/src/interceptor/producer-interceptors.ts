import { KafkaError } from '../errors.ts'
import { emptyHeaders, type Headers, RecordHeaders } from '../record/headers.ts'
import { normalizeRecord, type ProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import type { ClusterResource, InterceptorContext } from './interceptor-context.ts'
import {
  closeMembers,
  configureMembers,
  type InterceptorMember,
  type InterceptorStats,
  inScope,
  isPromise,
  notAwaited,
} from './interceptor-member.ts'
import type { ProducerInterceptor } from './producer-interceptor.ts'
import { isVerdict, type Verdict } from './verdict.ts'

/** What `onSend` of a chain gives instead of a record, with the record as it was when the verdict fell. */
export type SendVerdict<K = any, V = any> = Extract<Verdict, { verdict: 'drop' | 'reject' }> & { readonly record: ProducerRecord<K, V> }

type Member = InterceptorMember<ProducerInterceptor>

/** The hooks to run for one topic, in list order. */
interface TopicHooks {
  readonly all: ReadonlySet<Member>
  readonly onSend: readonly Member[]
  readonly onAcknowledgement: readonly Member[]
}

/** Topics come from the application's own records; a client that invents names without end must not fill the memory. */
const MAX_CACHED_TOPICS = 10_000

/**
 * The producer's chain (Java: ProducerInterceptors). Every hook runs in list order. What an interceptor throws is logged
 * and swallowed, and the next one gets the last record that was returned; with `onError: 'fail'` `onSend` throws
 * INTERCEPTOR. Nothing is allocated for a record that passes.
 */
export class ProducerInterceptors<K = any, V = any> {
  /** True when there is nothing to run: the producer then skips the chain. */
  readonly isEmpty: boolean
  /** An interceptor asks for `checksum` and `size`. */
  readonly needsRecordAudit: boolean
  readonly #members: readonly Member[]
  readonly #scoped: boolean
  readonly #everyTopic: TopicHooks
  readonly #byTopic = new Map<string, TopicHooks>()
  /** Whom to tell about records whose topic an interceptor changed, if scopes make that differ from the new topic's; by the record's headers. */
  readonly #rerouted = new WeakMap<Headers, readonly Member[]>()
  #anyRerouted = false
  #closed: Promise<void> | undefined

  /** Configures the interceptors in list order. Throws CONFIG naming the one whose `configure` threw, after closing it and those before it. */
  constructor(interceptors: readonly ProducerInterceptor<K, V>[], context: InterceptorContext) {
    this.#members = configureMembers(interceptors, context)
    this.#scoped = this.#members.some(({ interceptor }) => interceptor.topics !== undefined)
    this.#everyTopic = hooksOf(this.#members)
    this.isEmpty = this.#members.length === 0
    this.needsRecordAudit = this.#members.some(({ interceptor }) => interceptor.needsRecordAudit === true)
  }

  /** Runs the chain. A verdict ends it: later interceptors are not called, but all are told by `onAcknowledgement`. */
  onSend(record: ProducerRecord<K, V>): ProducerRecord<K, V> | SendVerdict<K, V> {
    if (this.isEmpty) return record
    const hooks = this.#scoped ? this.#hooksFor(record.topic) : this.#everyTopic
    const { onSend } = hooks
    let last = record
    for (let index = 0; index < onSend.length; index++) {
      const member = onSend[index] as Member
      let next: ProducerRecord<K, V>
      try {
        const returned = member.interceptor.onSend!(last)
        if (returned === last) continue
        if (!isObject(returned)) throw returnedWrong(returned)
        if (isVerdict(returned)) return this.#verdict(member, returned, last)
        next = toRecord(returned)
      } catch (cause) {
        this.#failedSend(member, cause, record)
        continue
      }
      if (this.#scoped && next.topic !== last.topic) return this.#onSendRerouted(this.#members.indexOf(member), last, next, hooks)
      last = next
    }
    return last
  }

  /**
   * Tells every interceptor whose scope holds the record's topic (or held it where the interceptor stands, if another
   * changed the topic). The producer calls it exactly once for each `onSend`.
   */
  onAcknowledgement(metadata: RecordMetadata, error: KafkaError | null, headers: Headers): void {
    if (this.isEmpty) return
    const told = this.#toldAbout(metadata?.topic, headers)
    for (let index = 0; index < told.length; index++) {
      const member = told[index] as Member
      try {
        const returned: unknown = member.interceptor.onAcknowledgement!(metadata, error, headers)
        if (returned !== undefined) member.watch('onAcknowledgement', returned)
      } catch (cause) {
        member.report('onAcknowledgement', cause, { topic: metadata?.topic, partition: metadata?.partition })
      }
    }
  }

  /**
   * `onAcknowledgement` for a record that reached no batch. The partition told is the one given, else the record's own,
   * else -1. Without a record there is no metadata either, as in Java.
   */
  onSendError(record: ProducerRecord<K, V> | null, topicPartition: TopicPartition | null, error: KafkaError): void {
    if (this.isEmpty) return
    this.onAcknowledgement(failedSendMetadata(record, topicPartition) as RecordMetadata, error, readOnly(record?.headers))
  }

  /** The metadata and the acknowledgement of a record that an interceptor dropped; the producer gives the same metadata to the caller. */
  onDropped(verdict: SendVerdict<K, V> & { readonly verdict: 'drop' }): RecordMetadata {
    const metadata = { ...failedSendMetadata(verdict.record, null), dropped: verdict.reason } as RecordMetadata
    this.onAcknowledgement(metadata, null, readOnly(verdict.record.headers))
    return metadata
  }

  onClusterUpdate(cluster: ClusterResource): void {
    for (const member of this.#members) member.clusterUpdate(cluster)
  }

  /** Closes every interceptor in list order, each whatever the others do. A second call waits for the first. */
  close(): Promise<void> {
    this.#closed ??= closeMembers(this.#members)
    return this.#closed
  }

  /** One entry for each interceptor, in list order. */
  stats(): readonly InterceptorStats[] {
    return this.#members.map((member) => member.stats())
  }

  #hooksFor(topic: string): TopicHooks {
    let hooks = this.#byTopic.get(topic)
    if (hooks === undefined) {
      hooks = hooksOf(this.#members.filter((member) => inScope(member, topic)))
      if (this.#byTopic.size >= MAX_CACHED_TOPICS) this.#byTopic.clear()
      this.#byTopic.set(topic, hooks)
    }
    return hooks
  }

  #toldAbout(topic: string | undefined, headers: Headers): readonly Member[] {
    if (!this.#scoped || topic === undefined) return this.#everyTopic.onAcknowledgement
    const rerouted = this.#anyRerouted ? this.#rerouted.get(headers) : undefined
    return rerouted ?? this.#hooksFor(topic).onAcknowledgement
  }

  /** The rest of the chain once an interceptor changed the topic: each later one is asked by the topic it would see. */
  #onSendRerouted(
    position: number,
    before: ProducerRecord<K, V>,
    changed: ProducerRecord<K, V>,
    hooks: TopicHooks,
  ): ProducerRecord<K, V> | SendVerdict<K, V> {
    const told: Member[] = this.#members.slice(0, position + 1).filter((member) => hooks.all.has(member))
    let last = changed
    let outcome: ProducerRecord<K, V> | SendVerdict<K, V> | undefined
    try {
      for (let index = position + 1; index < this.#members.length; index++) {
        const member = this.#members[index] as Member
        if (!this.#hooksFor(last.topic).all.has(member)) continue
        told.push(member)
        if (outcome !== undefined || member.interceptor.onSend === undefined) continue
        try {
          const returned = member.interceptor.onSend(last)
          if (returned === last) continue
          if (!isObject(returned)) throw returnedWrong(returned)
          if (isVerdict(returned)) outcome = this.#verdict(member, returned, last)
          else last = toRecord(returned)
        } catch (cause) {
          this.#failedSend(member, cause, changed)
        }
      }
    } finally {
      const acknowledged = told.filter(({ interceptor }) => interceptor.onAcknowledgement !== undefined)
      this.#anyRerouted = true
      // Under `fail` the producer goes on with the record it had, so that record's headers must lead here too.
      this.#rerouted.set(before.headers, acknowledged)
      this.#rerouted.set(last.headers, acknowledged)
    }
    return outcome ?? last
  }

  #verdict(member: Member, verdict: Verdict, record: ProducerRecord<K, V>): SendVerdict<K, V> {
    switch (verdict.verdict) {
      case 'drop': {
        const reason = typeof verdict.reason === 'string' && verdict.reason !== '' ? verdict.reason : member.name
        member.countDropped(reason)
        return { verdict: 'drop', reason, record }
      }
      case 'reject': {
        member.rejected++
        return { verdict: 'reject', error: toRejection(verdict.error, member.name, record), record }
      }
      default:
        // Whatever the policy: to send the record as it is would be the opposite of what the verdict asks.
        member.errors++
        return { verdict: 'reject', error: unsupportedVerdict(verdict.verdict, member.name, record.topic), record }
    }
  }

  #failedSend(member: Member, cause: unknown, record: ProducerRecord<K, V>): void {
    if (member.isFatal) throw member.failure('onSend', cause, record.topic, record.partition)
    member.report('onSend', cause, { topic: record.topic, partition: record.partition })
  }
}

function hooksOf(members: readonly Member[]): TopicHooks {
  return {
    all: new Set(members),
    onSend: members.filter(({ interceptor }) => interceptor.onSend !== undefined),
    onAcknowledgement: members.filter(({ interceptor }) => interceptor.onAcknowledgement !== undefined),
  }
}

function failedSendMetadata(record: ProducerRecord | null, topicPartition: TopicPartition | null): RecordMetadata | null {
  if (record === null && topicPartition === null) return null
  return {
    topic: (topicPartition ?? record)?.topic as string,
    partition: topicPartition?.partition ?? record?.partition ?? -1,
    offset: -1,
    timestamp: -1,
    serializedKeySize: -1,
    serializedValueSize: -1,
  }
}

function readOnly(headers: Headers | undefined): Headers {
  return headers instanceof RecordHeaders ? headers.setReadOnly() : emptyHeaders()
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function toRecord<K, V>(returned: ProducerRecord<K, V>): ProducerRecord<K, V> {
  if (typeof returned.topic !== 'string') throw returnedWrong(returned)
  return normalizeRecord(returned)
}

function returnedWrong(returned: unknown): Error {
  if (isPromise(returned)) return notAwaited(returned, 'onSend')
  return new TypeError(
    `onSend returned ${returned === null ? 'null' : isObject(returned) ? 'an object without a topic' : typeof returned}; it must return the record, a changed copy, or a verdict such as drop(reason)`,
  )
}

function unsupportedVerdict(verdict: string, interceptor: string, topic: string): KafkaError {
  const message = `interceptor "${interceptor}" returned the verdict "${verdict}", which this version does not support; the record for topic "${topic}" was not sent`
  return new KafkaError('INTERCEPTOR', message, { topic })
}

function toRejection(error: unknown, interceptor: string, record: ProducerRecord): Error {
  if (error instanceof Error) return error
  const { topic } = record
  return new KafkaError('REJECTED', `interceptor "${interceptor}" rejected the record for topic "${topic}"`, { topic, cause: error })
}
