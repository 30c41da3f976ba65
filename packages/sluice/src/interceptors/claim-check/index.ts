import { hash } from 'node:crypto'
import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  deadLetter,
  drop,
  interceptorOptions,
  KafkaError,
  type Logger,
  nonEmptyString,
  type ProducerInterceptor,
  type RawRecord,
  RecordHeaders,
  type RecordMetadata,
  reject,
  type SerializedRecord,
  silentLogger,
  type Verdict,
} from 'sluice'
import { oneOf, wholeNumberFrom } from '../option-checks.ts'
import { type Claim, ClaimHeaders, referenceOf } from './claim.ts'
import { type ClaimStore, isStore, newClaimId, storeProblem } from './claim-store.ts'
import { directoryStore } from './directory-store.ts'
import { type S3StoreOptions, s3Store } from './s3-store.ts'

export type { ClaimStore } from './claim-store.ts'
export { directoryStore } from './directory-store.ts'
export { type S3ClientLike, type S3StoreOptions, s3Store } from './s3-store.ts'

/** What becomes of a record whose body cannot be had. */
export type ClaimPolicy =
  /** `poll` rejects, and the record comes again. */
  | 'reject'
  /** The application does not get it. */
  | 'drop'
  /** It goes to the dead-letter topic, as a reference. */
  | 'deadLetter'
  /** The application gets the reference in place of the body, with its headers. */
  | 'pass'

export interface ClaimCheckOptions extends CommonInterceptorOptions {
  /** Where bodies are kept: a folder, a bucket, or an object with `put` and `get`. */
  readonly store: ClaimStore | { readonly directory: string } | S3StoreOptions
  /** Bodies with more bytes than this go to the store. @default 500000 */
  readonly thresholdBytes?: number
  /** False moves the key into the store too, and the record has none. @default true */
  readonly keepKey?: boolean
  /** On consume, when the store has no such body. @default reject */
  readonly onMissing?: ClaimPolicy
  /** On consume, when the body is not the one that was sent, or the headers are not as they should be. @default reject */
  readonly onMismatch?: ClaimPolicy
  /** Larger bodies are not fetched, which counts as a mismatch. @default 104857600 */
  readonly maxFetchBytes?: number
  /** Leads the names of the headers. @default claim-check */
  readonly headerPrefix?: string
}

const DELETE_TIMEOUT_MS = 10_000

/** Errors after which the record may be in the log all the same, and its body is needed. */
const UNCERTAIN = new Set([
  'TIMEOUT',
  'NETWORK',
  'CLOSED',
  'ABORTED',
  'REQUEST_TIMED_OUT',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'UNKNOWN_SERVER_ERROR',
])

/** Sends large bodies to a store and small references to Kafka, and on consume gives the body back. */
export function claimCheck(options: ClaimCheckOptions): ProducerInterceptor & ConsumerInterceptor {
  const own = interceptorOptions('claimCheck', options, {
    store: {
      default: undefined as unknown as ClaimStore,
      check: (value) =>
        typeof value === 'object' && value !== null ? null : 'must be { directory }, { bucket } or an object with put and get',
    },
    thresholdBytes: { default: 500_000, check: wholeNumberFrom(0) },
    keepKey: { default: true },
    onMissing: { default: 'reject', check: oneOf('reject', 'drop', 'deadLetter', 'pass') },
    onMismatch: { default: 'reject', check: oneOf('reject', 'drop', 'deadLetter', 'pass') },
    maxFetchBytes: { default: 100 * 1024 * 1024, check: wholeNumberFrom(1) },
    headerPrefix: { default: 'claim-check', check: nonEmptyString },
  })
  const { thresholdBytes, keepKey, onMissing, onMismatch, maxFetchBytes } = own
  const store = storeOf(own.store)
  const claims = new ClaimHeaders(own.headerPrefix)
  const deletions = new Set<Promise<void>>()
  let logger: Logger = silentLogger

  async function stored(
    record: SerializedRecord,
    body: Buffer,
    signal: AbortSignal,
    keep: (id: string) => void,
  ): Promise<SerializedRecord> {
    const sha256 = hash('sha256', body, 'hex')
    const claim: Claim = { id: newClaimId(sha256), sha256, bytes: body.length, keyBytes: keepKey ? undefined : (record.key?.length ?? -1) }
    try {
      await store.put(claim.id, body, signal)
    } catch (cause) {
      // It may have come to the store all the same.
      remove(claim.id)
      throw new KafkaError('CLAIM_STORE', `claimCheck: a body of ${body.length} bytes for topic "${record.topic}" could not be stored`, {
        topic: record.topic,
        cause,
      })
    }
    keep(claim.id)
    claims.write(record.headers, claim)
    return { ...record, key: keepKey ? record.key : null, value: referenceOf(claim) }
  }

  function remove(id: string): void {
    if (store.delete === undefined) return
    const deletion = store.delete(id, AbortSignal.timeout(DELETE_TIMEOUT_MS)).then(
      () => {},
      (error: unknown) =>
        logger.warn('claim-check: the body of a record that was not sent stays in the store', { id, error: nameOf(error) }),
    )
    deletions.add(deletion)
    void deletion.then(() => deletions.delete(deletion))
  }

  async function fetched(record: RawRecord, signal: AbortSignal): Promise<RawRecord | Verdict> {
    let claim: Claim
    let body: Buffer | null
    try {
      claim = claims.read(record.headers)
      if (claim.bytes > maxFetchBytes)
        throw new KafkaError('CORRUPT', `claimCheck: the body has ${claim.bytes} bytes; maxFetchBytes is ${maxFetchBytes}`)
      body = await store.get(claim.id, signal, claim.bytes)
    } catch (cause) {
      if (cause instanceof KafkaError && cause.code === 'CORRUPT')
        return follow(onMismatch, 'claim check mismatch', cause.message, cause.code, record)
      throw new KafkaError('CLAIM_STORE', `claimCheck: the body of ${placeOf(record)} could not be fetched`, {
        topic: record.topic,
        partition: record.partition,
        cause,
      })
    }
    if (body === null) return follow(onMissing, 'claim check missing', 'claimCheck: the store has no body', 'CLAIM_MISSING', record)
    if (body.length !== claim.bytes || hash('sha256', body, 'hex') !== claim.sha256)
      return follow(onMismatch, 'claim check mismatch', 'claimCheck: the body in the store is not the one that was sent', 'CORRUPT', record)
    const headers = RecordHeaders.from(record.headers)
    claims.remove(headers)
    if (claim.keyBytes === undefined) return { ...record, value: body, headers }
    const { keyBytes } = claim
    if (keyBytes === -1) return { ...record, key: null, value: body, headers }
    return { ...record, key: body.subarray(0, keyBytes), value: body.subarray(keyBytes), headers }
  }

  function follow(policy: ClaimPolicy, reason: string, message: string, code: string, record: RawRecord): RawRecord | Verdict {
    if (policy === 'pass') return record
    if (policy === 'drop') return drop(reason)
    const { topic, partition } = record
    const error = new KafkaError(code, `${message} (${placeOf(record)})`, { topic, partition })
    return policy === 'reject' ? reject(error) : deadLetter(error)
  }

  return {
    onError: 'fail',
    ...commonOptions('claim-check', options),
    paired: true,

    configure(context) {
      logger = context.logger
      return store.open?.()
    },

    onSerialized(record, context) {
      const { key, value, headers } = record
      if (value === null) {
        if (claims.isIn(headers)) claims.remove(headers)
        return record
      }
      const body = keepKey || key === null ? value : Buffer.concat([key, value])
      if (body.length > thresholdBytes)
        return stored(record, body, context.signal, (id) => {
          context.state = [...(context.state ?? []), id]
        })
      // Headers of a record that was fetched and is sent on; a reference that is sent on as such keeps them.
      if (claims.isIn(headers) && !isReference(value)) claims.remove(headers)
      return record
    },

    onAcknowledgement(metadata, error, _headers, context) {
      const ids: readonly string[] | undefined = context.state
      if (ids === undefined || !isUnsent(metadata, error)) return
      for (const id of ids) remove(id)
    },

    onFetched: (record, context) => (claims.isIn(record.headers) ? fetched(record, context.signal) : record),

    async close() {
      await Promise.all(deletions)
      await store.close?.()
    },
  }
}

/** Whether it is certain that no record in a log points to the body. */
function isUnsent({ partition, dropped }: RecordMetadata, error: KafkaError | null): boolean {
  if (error === null) return dropped !== undefined
  return partition < 0 || !(error.retriable || UNCERTAIN.has(error.code))
}

function isReference(value: Buffer): boolean {
  return value.length < 512 && value.toString('latin1').startsWith('{"claimCheck":')
}

function storeOf(given: ClaimCheckOptions['store']): ClaimStore {
  if (isStore(given)) return given
  if ('directory' in given) return directoryStore(given.directory)
  if ('bucket' in given) return s3Store(given)
  throw storeProblem()
}

function placeOf({ topic, partition, offset }: RawRecord): string {
  return `record ${offset} of ${topic}-${partition}`
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
