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

export interface StaticHeaderOptions extends CommonInterceptorOptions {
  /** The header's name. @default key */
  readonly key?: string
  /** The header's value. @default value */
  readonly value?: string
  /** Keeps the header when the record has it already, whatever it holds. @default true */
  readonly preserveExisting?: boolean
  /** `flume` reads booleans as Flume does: text of which only "true" is true. @default none */
  readonly compat?: Compat
}

/** Writes one fixed header (Flume: static). For several headers put several of these into the list. */
export function staticHeader(given?: StaticHeaderOptions): ProducerInterceptor & ConsumerInterceptor {
  const options = flumeOptions(given, { booleans: ['preserveExisting'], texts: ['key', 'value'] })
  const { key, value, preserveExisting } = interceptorOptions('staticHeader', options, {
    key: { default: 'key', check: nonEmptyString },
    value: { default: 'value' },
    preserveExisting: { default: true },
    compat: compatRow,
  })

  function write(headers: Headers): void {
    if (preserveExisting && headers.has(key)) return
    headers.set(key, value)
  }

  return {
    ...commonOptions('static-header', options),
    onSend(record) {
      write(record.headers)
      return record
    },
    onConsume(records) {
      for (const record of records) write(record.headers)
      return records
    },
  }
}
