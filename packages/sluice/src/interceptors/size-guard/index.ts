import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  configError,
  deadLetter,
  drop,
  type Headers,
  type InterceptorContext,
  interceptorOptions,
  KafkaError,
  type ProducerInterceptor,
  type RawRecord,
  reject,
  type SerializedRecord,
  silentLogger,
  type Verdict,
} from 'sluice'
import { kindOf, oneOf } from '../option-checks.ts'

/** What becomes of a record that is too large. */
export type SizeAction =
  /** `send` or `poll` rejects with RECORD_TOO_LARGE. */
  | 'reject'
  /** It is left out. */
  | 'drop'
  /** It goes to the dead-letter topic. */
  | 'deadLetter'

export interface SizeGuardOptions extends CommonInterceptorOptions {
  /** Bytes of key, value and headers together that a record may have. @default 1000000 */
  readonly maxBytes?: number
  /** From so many bytes on there is a line in the log, at most every 10 seconds. @default never */
  readonly warnBytes?: number
  /** Headers that a record may have. @default without limit */
  readonly maxHeaders?: number
  /** What becomes of a record beyond a limit. @default reject */
  readonly onExceed?: SizeAction
  /** Whether consumed records are measured too, before they are deserialized. @default false */
  readonly onConsumer?: boolean
}

const WARNING_INTERVAL_MS = 10_000

/**
 * Keeps records that are too large off a topic, by the bytes that are really sent. To hand large bodies to a store instead, put
 * claimCheck before it.
 */
export function sizeGuard(options?: SizeGuardOptions): ProducerInterceptor & ConsumerInterceptor {
  const { maxBytes, warnBytes, maxHeaders, onExceed, onConsumer } = interceptorOptions('sizeGuard', options, {
    maxBytes: { default: 1_000_000, check: limit(1) },
    warnBytes: { default: Number.POSITIVE_INFINITY, check: limit(0) },
    maxHeaders: { default: Number.POSITIVE_INFINITY, check: limit(0) },
    onExceed: { default: 'reject', check: oneOf('reject', 'drop', 'deadLetter') },
    onConsumer: { default: false },
  })
  if (warnBytes !== Number.POSITIVE_INFINITY && warnBytes > maxBytes)
    throw configError(`sizeGuard: warnBytes (${warnBytes}) is beyond maxBytes (${maxBytes})`)
  let about: Pick<InterceptorContext, 'logger' | 'clock'> | undefined
  let warnAgainAt = Number.NEGATIVE_INFINITY

  function measured<R extends SerializedRecord | RawRecord>(record: R): R | Verdict {
    const { key, value, headers } = record
    let bytes = (key === null ? 0 : key.length) + (value === null ? 0 : value.length)
    const { size } = headers
    if (size > 0) {
      if (size > maxHeaders) return exceeded(record, 'too many headers', `has ${size} headers; sizeGuard allows ${maxHeaders} (maxHeaders)`)
      bytes += bytesOf(headers)
    }
    if (bytes > maxBytes)
      return exceeded(record, 'too large', `has ${bytes} bytes of key, value and headers; sizeGuard allows ${maxBytes} (maxBytes)`)
    if (bytes >= warnBytes) warn(record, bytes)
    return record
  }

  function exceeded({ topic, partition }: SerializedRecord | RawRecord, reason: string, what: string): Verdict {
    if (onExceed === 'drop') return drop(reason)
    const error = new KafkaError('RECORD_TOO_LARGE', `a record for topic "${topic}" ${what}`, {
      topic,
      ...(partition !== undefined && { partition }),
    })
    return onExceed === 'reject' ? reject(error) : deadLetter(error)
  }

  function warn({ topic }: SerializedRecord | RawRecord, bytes: number): void {
    const now = about?.clock.monotonic() ?? 0
    if (now < warnAgainAt) return
    warnAgainAt = now + WARNING_INTERVAL_MS
    const { logger } = about ?? { logger: silentLogger }
    logger.warn('size-guard: a record is large', { topic, bytes, warnBytes, maxBytes })
  }

  return {
    onError: 'fail',
    ...commonOptions('size-guard', options),
    configure(context) {
      about = context
    },
    onSerialized: measured,
    ...(onConsumer && { onFetched: measured }),
  }
}

/** Keys and values without the lengths before them, which Kafka writes in a few bytes each. */
function bytesOf(headers: Headers): number {
  let bytes = 0
  for (const { key, value } of headers) bytes += Buffer.byteLength(key, 'utf8') + (value === null ? 0 : value.length)
  return bytes
}

function limit(lowest: number): (value: unknown) => string | null {
  return (value) =>
    value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= lowest)
      ? null
      : `must be a whole number from ${lowest}, not ${typeof value === 'number' ? value : kindOf(value)}`
}
