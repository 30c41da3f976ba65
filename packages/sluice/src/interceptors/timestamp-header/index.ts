import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  type Headers,
  interceptorOptions,
  nonEmptyString,
  type ProducerInterceptor,
} from 'sluice'
import { type Compat, compatRow, flumeOptions } from '../text/compat.ts'

export interface TimestampHeaderOptions extends CommonInterceptorOptions {
  /** Keeps the header when the record has it already, whatever it holds. @default false */
  readonly preserveExisting?: boolean
  /** @default timestamp */
  readonly headerName?: string
  /** `flume` reads booleans as Flume does: text of which only "true" is true. @default none */
  readonly compat?: Compat
}

/** Writes the time at which the record passes, as milliseconds since 1970 in decimal digits (Flume: timestamp). */
export function timestampHeader(given?: TimestampHeaderOptions): ProducerInterceptor & ConsumerInterceptor {
  const options = flumeOptions(given, { booleans: ['preserveExisting'] })
  const { preserveExisting, headerName } = interceptorOptions('timestampHeader', options, {
    preserveExisting: { default: false },
    headerName: { default: 'timestamp', check: nonEmptyString },
    compat: compatRow,
  })
  let now = Date.now
  let writtenAt = Number.NaN
  let written = ''

  function stamp(headers: Headers): void {
    if (preserveExisting && headers.has(headerName)) return
    const time = now()
    if (time !== writtenAt) {
      writtenAt = time
      written = String(time)
    }
    headers.set(headerName, written)
  }

  return {
    ...commonOptions('timestamp-header', options),
    configure({ clock }) {
      now = () => clock.now()
    },
    onSend(record) {
      stamp(record.headers)
      return record
    },
    onConsume(records) {
      for (const record of records) stamp(record.headers)
      return records
    },
  }
}
