import {
  type CommitContext,
  type CommonInterceptorOptions,
  type ConsumeContext,
  type ConsumerInterceptor,
  type ConsumerRecord,
  commonOptions,
  type Headers,
  type InterceptorContext,
  interceptorOptions,
  KafkaError,
  type ProducerInterceptor,
  type RecordContext,
  reject,
} from 'sluice'
import type { AuditEntry, AuditSink } from './audit-entry.ts'
import { type AuditCounts, AuditQueue, nameOf } from './audit-queue.ts'
import { type AuditFile, FileSink } from './file-sink.ts'
import { HashChain } from './hash-chain.ts'
import { type AuditTopic, DEFAULT_TOPIC, TopicSink } from './topic-sink.ts'

export type { AuditEntry } from './audit-entry.ts'
export type { AuditCounts } from './audit-queue.ts'
export type { AuditFile } from './file-sink.ts'
export type { AuditTopic } from './topic-sink.ts'

/** What `who` is asked about. */
export interface AuditSubject {
  readonly side: 'producer' | 'consumer'
  readonly topic: string
  readonly headers: Headers
  readonly clientId: string
  readonly groupId: string | undefined
}

export interface AuditOptions extends CommonInterceptorOptions {
  /** Where entries go: a topic, a file, or a function of some entries, one call at a time. @default { topic: '_sluice_audit' } */
  readonly sink?: AuditTopic | AuditFile | ((entries: readonly AuditEntry[]) => void | PromiseLike<void>)
  /** On whose behalf. A function is asked in `onSend` on the caller's tick, and before the handler. @default the client id */
  readonly who?: string | ((subject: AuditSubject) => string)
  /** When a consumed record is written down: after its handler in `run`, or once it is committed. @default handle */
  readonly consumed?: 'handle' | 'commit'
  /** Headers whose values are written down, 1024 bytes of each at most. @default [] */
  readonly headers?: readonly string[]
  /** Writes down checksum and size of what was sent and committed (KIP-42), which ties an entry to its content. @default false */
  readonly checksums?: boolean
  /** Each entry has the hash of the one before; with a key an HMAC. @default false */
  readonly hashChain?: boolean | { readonly key: string | Uint8Array }
  /** Without audit nothing goes: sends are rejected and handlers not called while entries cannot be written. @default false */
  readonly required?: boolean
  /** How many entries may wait. Beyond that they are lost and counted, or with `required` records are refused. @default 10000 */
  readonly maxQueue?: number
  /** How long one write may take before it is told of, and with `required` stops everything. Milliseconds. @default 10000 */
  readonly writeTimeoutMs?: number
  /** How long `close` waits for what was not written yet, in milliseconds. @default 5000 */
  readonly closeTimeoutMs?: number
}

export interface AuditInterceptor extends ProducerInterceptor, ConsumerInterceptor {
  counts(): AuditCounts
  /** Resolves once no entry waits. */
  flush(): Promise<void>
}

interface SendState {
  readonly who: string
  readonly topic: string
}

interface AboutEntry extends Pick<AuditEntry, 'who' | 'what' | 'outcome' | 'topic' | 'partition' | 'offset'> {
  readonly error?: string | undefined
  readonly reason?: string | undefined
  /** What has the checksum and the size, if there are any. */
  readonly sums: Pick<AuditEntry, 'checksum' | 'size'>
}

interface Parts {
  readonly queue: AuditQueue
  readonly clients: Record<'producer' | 'consumer', InterceptorContext | undefined>
}

/** Writes down who sent and handled which record, and what came of it: to a topic, a file or a function. Never a key or a value. */
export function audit(options?: AuditOptions): AuditInterceptor {
  const own = interceptorOptions('audit', options, {
    sink: { default: { topic: DEFAULT_TOPIC }, check: checkSink },
    who: {
      default: '',
      check: (given) => (typeof given === 'string' || typeof given === 'function' ? null : 'must be a string or a function'),
    },
    consumed: {
      default: 'handle' as const,
      check: (given) => (given === 'handle' || given === 'commit' ? null : 'must be "handle" or "commit"'),
    },
    headers: { default: [] as readonly string[], check: checkNames },
    checksums: { default: false },
    hashChain: { default: false, check: checkChain },
    required: { default: false },
    maxQueue: { default: 10_000, check: wholeFrom1 },
    writeTimeoutMs: { default: 10_000, check: wholeFrom1 },
    closeTimeoutMs: { default: 5000, check: wholeFrom1 },
  })
  const { required } = own
  /** Entries about it would make entries without end. */
  const ownTopic = typeof own.sink === 'object' && !('file' in own.sink) ? (own.sink.topic ?? DEFAULT_TOPIC) : undefined
  let opening: Promise<Parts> | undefined
  let parts: Parts | undefined
  let open = 0
  let lastTime = Number.NaN
  let lastIso = ''

  async function begin(context: InterceptorContext): Promise<Parts> {
    const sink = sinkFor(own.sink, context, own.writeTimeoutMs)
    await sink.open?.()
    const key = typeof own.hashChain === 'object' ? own.hashChain.key : undefined
    const chain = own.hashChain === false ? undefined : new HashChain(key, await sink.lastHash?.())
    const { maxQueue, writeTimeoutMs, closeTimeoutMs } = own
    const { clock, logger } = context
    const queue = new AuditQueue({ sink, chain, maxQueue, required, writeTimeoutMs, closeTimeoutMs, clock, logger })
    return { queue, clients: { producer: undefined, consumer: undefined } }
  }

  function whoIs(side: 'producer' | 'consumer', topic: string, headers: Headers): string {
    const { clientId = '', groupId } = parts!.clients[side] ?? {}
    if (typeof own.who === 'string') return own.who === '' ? clientId : own.who
    try {
      const told: unknown = own.who({ side, topic, headers, clientId, groupId })
      if (typeof told !== 'string') throw new TypeError(`who returned ${typeof told}, not a string`)
      return told
    } catch (cause) {
      if (required) throw cause
      return 'unknown'
    }
  }

  function entry(side: 'producer' | 'consumer', about: AboutEntry, headers: Headers): AuditEntry {
    const { clientId = '', groupId, clock } = parts!.clients[side] ?? {}
    const { who, what, outcome, topic, partition, offset, error, reason, sums } = about
    const written: { -readonly [K in keyof AuditEntry]: AuditEntry[K] } = {
      v: 1,
      at: isoTime(clock?.now() ?? Date.now()),
      who,
      what,
      outcome,
      clientId,
      topic,
      partition,
      offset,
    }
    if (groupId !== undefined) written.group = groupId
    if (error !== undefined) written.error = error
    if (reason !== undefined) written.reason = reason
    if (sums.checksum !== undefined) written.checksum = sums.checksum
    if (sums.size !== undefined) written.size = sums.size
    if (own.headers.length > 0) written.headers = headersOf(headers, own.headers)
    return written
  }

  /** Many records fall into one millisecond. */
  function isoTime(now: number): string {
    if (now !== lastTime) {
      lastTime = now
      lastIso = new Date(now).toISOString()
    }
    return lastIso
  }

  /** Runs a handler between a reserved place and its entries. */
  async function around(topic: string, records: readonly ConsumerRecord[], next: () => Promise<void>): Promise<void> {
    if (parts === undefined || topic === ownTopic || own.consumed !== 'handle') return next()
    const { queue } = parts
    const whose = records.map(({ headers }) => whoIs('consumer', topic, headers))
    if (required && !queue.reserve(records.length)) throw unavailable(topic)
    let failure: { readonly error: unknown } | undefined
    try {
      await next()
    } catch (error) {
      failure = { error }
    }
    const outcome = failure === undefined ? 'done' : 'failed'
    const error = failure && nameOf(failure.error)
    const entries = records.map((record, index) => {
      const { partition, offset, headers } = record
      const about = { who: whose[index]!, what: 'handle', outcome, topic, partition, offset, error, sums: record } as const
      return entry('consumer', about, headers)
    })
    if (required) await Promise.all(entries.map((one) => queue.writeReserved(one)))
    else for (const one of entries) queue.push(one)
    if (failure !== undefined) throw failure.error
  }

  return {
    onError: required ? 'fail' : 'continue',
    ...commonOptions('audit', options),
    needsRecordAudit: own.checksums,
    counts: () => parts?.queue.counts() ?? { written: 0, lost: 0, failedWrites: 0, waiting: 0 },
    flush: async () => parts?.queue.flush(),

    async configure(context) {
      open++
      opening ??= begin(context)
      parts = await opening
      parts.clients[context.side ?? 'producer'] = context
      if (own.consumed === 'commit' && context.side === 'consumer' && context.groupId === undefined) {
        context.logger.warn('audit: a consumer without a group commits nothing, so with consumed: "commit" nothing it reads is audited')
      }
    },

    onSend(record, context: RecordContext<SendState>) {
      if (parts === undefined || record.topic === ownTopic) return record
      const who = whoIs('producer', record.topic, record.headers)
      if (required && !parts.queue.reserve(1)) return reject(unavailable(record.topic))
      context.state = { who, topic: record.topic }
      return record
    },

    onAcknowledgement(metadata, error, headers, { state }: RecordContext<SendState>) {
      if (parts === undefined || (state?.topic ?? metadata.topic) === ownTopic) return
      const { topic, partition, offset, dropped, deadLettered } = metadata
      const outcome = error !== null ? 'failed' : dropped !== undefined ? 'dropped' : deadLettered !== undefined ? 'deadLettered' : 'done'
      const about = {
        who: state?.who ?? whoIs('producer', topic, headers),
        what: 'send',
        outcome,
        topic,
        partition,
        offset,
        error: error?.code,
        reason: dropped ?? deadLettered,
        sums: metadata,
      } as const
      const written = entry('producer', about, headers)
      // Without a state it was ended before it came here, and no place was kept.
      if (required && state !== undefined) parts.queue.pushReserved(written)
      else parts.queue.push(written)
    },

    onConsume(records, context: ConsumeContext<AuditEntry>) {
      if (parts?.clients.consumer?.groupId === undefined || own.consumed !== 'commit') return records
      for (const record of records) {
        if (record.topic === ownTopic) continue
        if (required && !parts.queue.isAvailable) throw unavailable(record.topic)
        const { topic, partition, offset, headers } = record
        const who = whoIs('consumer', topic, headers)
        const about = { who, what: 'commit', outcome: 'done', topic, partition, offset, sums: record } as const
        context.setState(record, entry('consumer', about, headers))
      }
      return records
    },

    handle: (record, next) => around(record.topic, [record], next),
    handleBatch: ({ topic, records }, next) => around(topic, records, next),

    onCommit(_offsets, { committed }: CommitContext<AuditEntry>) {
      if (parts === undefined || own.consumed !== 'commit') return
      const at = isoTime(parts.clients.consumer?.clock.now() ?? Date.now())
      for (const { state } of committed) {
        const written = { ...state, at }
        if (required) parts.queue.pushAlways(written)
        else parts.queue.push(written)
      }
    },

    async close() {
      open--
      if (open > 0) return
      await parts?.queue.close()
      opening = undefined
      parts = undefined
    },
  }
}

function sinkFor(sink: NonNullable<AuditOptions['sink']>, context: InterceptorContext, writeTimeoutMs: number): AuditSink {
  if (typeof sink === 'function') return { write: async (entries) => sink(entries) }
  return 'file' in sink ? new FileSink(sink) : new TopicSink(sink, context, writeTimeoutMs)
}

/** Others write them: an entry must stay small enough for the queue and for a topic. */
const MAX_HEADER_BYTES = 1024

function headersOf(headers: Headers, names: readonly string[]): Record<string, string | null> {
  const found: Record<string, string | null> = {}
  for (const name of names) {
    const value = headers.get(name)
    if (value !== undefined) found[name] = value === null ? null : value.toString('utf8', 0, MAX_HEADER_BYTES)
  }
  return found
}

function unavailable(topic: string): KafkaError {
  return new KafkaError('REJECTED', `audit: the audit cannot be written, and "required" lets nothing pass without it (topic "${topic}")`, {
    topic,
    retriable: true,
  })
}

function checkSink(given: unknown): string | null {
  if (typeof given === 'function') return null
  if (typeof given !== 'object' || given === null) return 'must be { topic }, { file } or a function'
  const { topic, file, producer, fsync, maxBytes } = given as Partial<AuditTopic & AuditFile>
  if (file !== undefined && topic !== undefined) return 'must have a file or a topic, not both'
  if ('file' in given && (typeof file !== 'string' || file === '')) return '{ file } must be a path'
  if (topic !== undefined && (typeof topic !== 'string' || topic === '')) return '{ topic } must be the name of a topic'
  if (producer !== undefined && typeof producer?.send !== 'function') return '{ producer } must be a KafkaProducer'
  if (fsync !== undefined && typeof fsync !== 'boolean') return '{ fsync } must be true or false'
  if (maxBytes !== undefined && !(typeof maxBytes === 'number' && maxBytes > 0)) return '{ maxBytes } must be a number above 0'
  return null
}

function checkNames(given: unknown): string | null {
  return Array.isArray(given) && given.every((name) => typeof name === 'string') ? null : "must be a list of headers' names"
}

function checkChain(given: unknown): string | null {
  if (typeof given === 'boolean') return null
  const key = (given as { key?: unknown } | null)?.key
  return (typeof key === 'string' || key instanceof Uint8Array) && key.length > 0
    ? null
    : 'must be true, false or { key } with a string or bytes'
}

function wholeFrom1(given: unknown): string | null {
  return Number.isInteger(given) && (given as number) > 0
    ? null
    : `must be a whole number from 1, not ${typeof given === 'number' ? given : typeof given}`
}
