import { KafkaError } from '../errors.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { RecordHeaders } from '../record/headers.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import type { EmittedRecord, Verdict } from '../record/verdict.ts'
import type { ConsumerMember } from './consumer-chain.ts'
import { checkEmitted, noSuchVerdict } from './hook-call.ts'

/** What a verdict comes to, once it is checked and counted. */
export type Obeyed<R> =
  | { readonly kind: 'dropped'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly error: Error }
  | { readonly kind: 'deadLettered'; readonly error: Error }
  | { readonly kind: 'emitted'; readonly records: readonly R[] }

type Hook = 'onFetched' | 'onConsume' | 'handle'

/** Throws for what is no verdict. Nothing is counted, so that one bad verdict of many leaves no trace of the others. */
export function checkVerdict(verdict: Verdict, hook: Hook): void {
  switch (verdict.verdict) {
    case 'drop':
    case 'reject':
    case 'deadLetter':
      return
    case 'emit':
      if (!Array.isArray(verdict.records)) throw new TypeError(`emit takes a list of records, not ${typeof verdict.records}`)
      for (const one of verdict.records as readonly unknown[]) checkEmitted(one)
      return
    default:
      throw noSuchVerdict(hook, verdict)
  }
}

/** Counts a verdict and says what it comes to. Throws TypeError when it may not be given. */
export function obey<R extends ConsumerRecord | RawRecord>(
  verdict: Verdict,
  hook: Hook,
  { member, meter }: ConsumerMember,
  record: R,
): Obeyed<R> {
  checkVerdict(verdict, hook)
  switch (verdict.verdict) {
    case 'drop': {
      const reason = typeof verdict.reason === 'string' && verdict.reason !== '' ? verdict.reason : member.name
      meter.countDropped(reason)
      return { kind: 'dropped', reason }
    }
    case 'reject':
      meter.rejected++
      return { kind: 'rejected', error: toError(verdict.error, 'rejected', member.name, record) }
    case 'deadLetter':
      meter.deadLettered++
      return { kind: 'deadLettered', error: toError(verdict.error, 'dead-lettered', member.name, record) }
    case 'emit': {
      const records = verdict.records.map((emitted) =>
        hook === 'onFetched' ? emittedRaw(emitted, record as RawRecord) : emittedRecord(emitted, record as ConsumerRecord),
      ) as unknown as readonly R[]
      if (records.length === 0) {
        meter.countDropped('emitted nothing')
        return { kind: 'dropped', reason: 'emitted nothing' }
      }
      meter.emitted += records.length
      return { kind: 'emitted', records }
    }
  }
}

/** What `onFetched` returned in place of a record. */
export function toRaw(returned: object, last: RawRecord): RawRecord {
  const { topic, partition, offset, key, value, headers, timestamp = last.timestamp } = returned as Partial<RawRecord>
  if (topic !== last.topic || partition !== last.partition || offset !== last.offset) {
    const what = topic === undefined ? 'an object without a topic' : 'a record with another topic, partition or offset, which stay'
    throw new TypeError(`onFetched returned ${what}; it must return the record, a changed copy, or a verdict such as drop(reason)`)
  }
  return {
    topic,
    partition,
    offset,
    timestamp: timestampOf(timestamp, 'onFetched'),
    timestampType: last.timestampType,
    key: bytesOf('key', key),
    value: bytesOf('value', value),
    headers: headers === last.headers || isHeaders(headers) ? headers : RecordHeaders.from(headers),
    leaderEpoch: last.leaderEpoch,
  }
}

function emittedRaw(emitted: EmittedRecord, original: RawRecord): RawRecord {
  const { topic = original.topic, partition = original.partition } = emitted
  return toRaw(
    {
      topic,
      partition,
      offset: original.offset,
      timestamp: emitted.timestamp ?? original.timestamp,
      key: emitted.key === undefined ? original.key : emitted.key,
      value: emitted.value === undefined ? original.value : emitted.value,
      headers: RecordHeaders.from(emitted.headers ?? original.headers),
    },
    original,
  )
}

/** It stays in the original's place among the records, whatever topic and partition it tells. */
function emittedRecord(emitted: EmittedRecord, original: ConsumerRecord): ConsumerRecord {
  return {
    ...original,
    topic: emitted.topic ?? original.topic,
    partition: emitted.partition ?? original.partition,
    timestamp: timestampOf(emitted.timestamp ?? original.timestamp, 'emit'),
    key: emitted.key === undefined ? original.key : emitted.key,
    value: emitted.value === undefined ? original.value : emitted.value,
    headers: RecordHeaders.from(emitted.headers ?? original.headers),
  }
}

function timestampOf(timestamp: unknown, hook: string): number {
  if (typeof timestamp === 'number' && Number.isFinite(timestamp)) return timestamp
  throw new TypeError(`${hook} gave a timestamp of type ${typeof timestamp}; it must be milliseconds since 1970`)
}

function isHeaders(headers: unknown): headers is RawRecord['headers'] {
  const { has, getString } = (headers ?? {}) as Partial<RawRecord['headers']>
  return typeof has === 'function' && typeof getString === 'function'
}

function bytesOf(what: string, bytes: unknown): Buffer | null {
  if (bytes === null || bytes === undefined) return null
  if (Buffer.isBuffer(bytes)) return bytes
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  throw new TypeError(`onFetched returned a ${what} of type ${typeof bytes}; it must be bytes (Uint8Array) or null`)
}

export function switchedOff(): Error {
  return new Error('it failed too often in a row; it is tried again after retryAfterMs')
}

function toError(error: unknown, what: string, interceptor: string, { topic, partition }: ConsumerRecord | RawRecord): Error {
  if (error instanceof Error) return error
  const message = `interceptor "${interceptor}" ${what} a record of topic "${topic}"`
  return new KafkaError('REJECTED', message, { topic, partition, cause: error })
}
