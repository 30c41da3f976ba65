import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  checksumOf,
  commonOptions,
  deadLetter,
  drop,
  type InterceptorOptionRow,
  interceptorOptions,
  KafkaError,
  type Logger,
  nonEmptyString,
  type ProducerInterceptor,
  type RawRecord,
  reject,
  silentLogger,
  type Verdict,
} from 'sluice'

/** What becomes of a record whose bytes are not those that were sent. */
export type MismatchPolicy =
  /** `poll` rejects with CORRUPT, and the record comes again. */
  | 'reject'
  /** The application does not get it. */
  | 'drop'
  /** It goes to the dead-letter topic. */
  | 'deadLetter'
  /** The application gets it, and the log has a warning. */
  | 'warn'

/** What becomes of a record that has no checksum. */
export type MissingPolicy = 'accept' | MismatchPolicy

export interface ChecksumOptions extends CommonInterceptorOptions {
  /** The header's name. @default checksum-crc32c */
  readonly headerName?: string
  /** On consume, when the bytes have another checksum than the header says, or the header holds no number. @default reject */
  readonly onMismatch?: MismatchPolicy
  /** On consume, when there is no such header, as on records from other clients. @default accept */
  readonly onMissing?: MissingPolicy
}

/** Records since the interceptor was made. */
export interface ChecksumCounts {
  /** Sent with the header. */
  readonly written: number
  /** Consumed with the right checksum. */
  readonly verified: number
  /** Consumed with a wrong one. */
  readonly mismatched: number
  /** Consumed without one. */
  readonly missing: number
}

export interface ChecksumInterceptor extends ProducerInterceptor, ConsumerInterceptor {
  counts(): ChecksumCounts
}

const WARNING_INTERVAL_MS = 10_000

/**
 * Sends the CRC-32C of a record's key and value along as a header, and compares on consume (KIP-42's audit fields, end to
 * end): what changed a record between the two applications is found. The number is `RecordMetadata.checksum`, in decimal.
 */
export function checksum(options?: ChecksumOptions): ChecksumInterceptor {
  const { headerName, onMismatch, onMissing } = interceptorOptions('checksum', options, {
    headerName: { default: 'checksum-crc32c', check: nonEmptyString },
    onMismatch: oneOf<MismatchPolicy>(['reject', 'drop', 'deadLetter', 'warn']),
    onMissing: oneOf<MissingPolicy>(['accept', 'reject', 'drop', 'deadLetter', 'warn']),
  })
  const counts = { written: 0, verified: 0, mismatched: 0, missing: 0 }
  let logger: Logger = silentLogger
  let monotonic = (): number => 0
  let warnAgainAt = Number.NEGATIVE_INFINITY

  function follow(policy: MissingPolicy, what: string, record: RawRecord): RawRecord | Verdict {
    if (policy === 'accept') return record
    if (policy === 'drop') return drop(`checksum ${what}`)
    const { topic, partition, offset } = record
    if (policy === 'warn') {
      if (monotonic() < warnAgainAt) return record
      warnAgainAt = monotonic() + WARNING_INTERVAL_MS
      logger.warn(`checksum ${what}`, { interceptor: 'checksum', topic, partition, offset, ...counts })
      return record
    }
    const message = `record ${offset} of ${topic}-${partition}: checksum ${what} (header "${headerName}")`
    const error = new KafkaError('CORRUPT', message, { topic, partition })
    return policy === 'reject' ? reject(error) : deadLetter(error)
  }

  return {
    onError: 'fail',
    ...commonOptions('checksum', options),
    // On consume the bytes must be as they left onSerialized: interceptors behind this one come first then.
    paired: true,
    counts: () => ({ ...counts }),

    configure(context) {
      logger = context.logger
      monotonic = () => context.clock.monotonic()
    },

    onSerialized(record) {
      record.headers.set(headerName, Buffer.from(String(checksumOf(record.key, record.value)), 'latin1'))
      counts.written++
      return record
    },

    onFetched(record) {
      const told = record.headers.get(headerName)
      if (told === undefined) {
        counts.missing++
        return follow(onMissing, 'missing', record)
      }
      if (told !== null && told.toString('latin1') === String(checksumOf(record.key, record.value))) {
        counts.verified++
        return record
      }
      counts.mismatched++
      return follow(onMismatch, 'mismatch', record)
    },
  }
}

/** The first is the default. */
function oneOf<T extends string>(values: readonly [T, ...T[]]): InterceptorOptionRow<T> {
  return {
    default: values[0],
    check: (value) =>
      values.includes(value as T)
        ? null
        : `must be one of ${values.join(', ')}, not ${typeof value === 'string' ? `"${value}"` : typeof value}`,
  }
}
