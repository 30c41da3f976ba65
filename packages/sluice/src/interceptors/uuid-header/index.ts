import * as crypto from 'node:crypto'
import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  type ConsumerRecord,
  commonOptions,
  configError,
  interceptorOptions,
  nonEmptyString,
  type ProducerInterceptor,
  type ProducerRecord,
} from 'sluice'
import { kindOf } from '../option-checks.ts'
import { RecordFailures } from '../record-failures.ts'
import { type Compat, compatRow, flumeOptions } from '../text/compat.ts'
import { randomUuids } from './random-uuids.ts'

export interface UuidHeaderOptions extends CommonInterceptorOptions {
  /** @default id */
  readonly headerName?: string
  /** Keeps the header when the record has it already, whatever it holds. @default true */
  readonly preserveExisting?: boolean
  /** Stands before the id. @default "" */
  readonly prefix?: string
  /** 4 is random; 7 starts with the time in milliseconds, so that ids sort by it. @default 4 */
  readonly version?: 4 | 7
  /** Makes the id in place of `version`; the prefix comes before it (Flume: generateUUID). @default none */
  readonly generate?: () => string
  /** Only records for which it returns true get an id (Flume: isMatch). @default all */
  readonly isMatch?: (record: ProducerRecord | ConsumerRecord) => boolean
  /** `flume` reads booleans as Flume does: text of which only "true" is true. @default none */
  readonly compat?: Compat
}

/** Writes a UUID into a header of each record that has none (Flume: UUIDInterceptor). */
export function uuidHeader(given?: UuidHeaderOptions): ProducerInterceptor & ConsumerInterceptor {
  const options = flumeOptions(given, { booleans: ['preserveExisting'], texts: ['prefix'] })
  const own = interceptorOptions('uuidHeader', options, {
    headerName: { default: 'id', check: nonEmptyString },
    preserveExisting: { default: true },
    prefix: { default: '' },
    version: { default: 4, check: (value) => (value === 4 || value === 7 ? null : 'must be 4 or 7') },
    generate: { default: undefined, check: functionOrNone },
    isMatch: { default: undefined, check: functionOrNone },
    compat: compatRow,
  })
  const { headerName, preserveExisting, prefix } = own
  const isMatch = options?.isMatch
  // Node has version 7 since 24; `uuid` fills in before.
  const ownVersion7: (() => string) | undefined = crypto.randomUUIDv7
  let generate: (() => string) | undefined = options?.generate ?? (own.version === 4 ? randomUuids() : ownVersion7)

  function write(record: ProducerRecord | ConsumerRecord): void {
    const { headers } = record
    if (preserveExisting && headers.has(headerName)) return
    if (isMatch !== undefined && !isMatch(record)) return
    if (generate === undefined) throw configError('uuidHeader: version 7 is loaded by configure, which has not run yet')
    headers.set(headerName, prefix === '' ? generate() : prefix + generate())
  }

  const common = { ...(own.compat === 'flume' ? { onError: 'fail' as const } : {}), ...commonOptions('uuid-header', options) }
  const failures = new RecordFailures(common.name, common.onError ?? 'continue')

  return {
    ...common,
    configure(context) {
      failures.configure(context)
      if (generate !== undefined) return
      return import('uuid').then(
        ({ v7 }) => {
          generate = () => v7()
        },
        (cause: unknown) => {
          throw (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND'
            ? configError('uuidHeader: version 7 needs Node 24 or the package uuid: npm install uuid')
            : cause
        },
      )
    },
    onSend(record) {
      write(record)
      return record
    },
    onConsume: (records) => failures.forEach(records, write),
  }
}

function functionOrNone(value: unknown): string | null {
  return value === undefined || typeof value === 'function' ? null : `must be a function, not ${kindOf(value)}`
}
