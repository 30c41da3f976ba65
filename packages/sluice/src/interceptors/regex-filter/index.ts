import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  configError,
  drop,
  interceptorOptions,
  type ProducerInterceptor,
} from 'sluice'
import { javaRegex } from './java-regex.ts'

export type RegexCharset = 'utf8' | 'latin1' | 'utf16le' | 'ascii'

export interface RegexFilterOptions extends CommonInterceptorOptions {
  /** Searched for in the value, anywhere in it (Java: `find`). @default .* */
  readonly regex?: string | RegExp
  /** False lets only records pass that match; true drops those that match. @default false */
  readonly excludeEvents?: boolean
  /** How bytes are read as text. @default utf8 */
  readonly charset?: RegexCharset
  /** `flume` accepts `excludeEvents: true` without a `regex`, which drops every record. @default none */
  readonly compat?: 'none' | 'flume'
}

const charsets: readonly string[] = ['utf8', 'latin1', 'utf16le', 'ascii'] satisfies RegexCharset[]

/**
 * Lets records pass or drops them by a regular expression over the value (Flume: regex_filter). A string is searched as
 * it is, bytes as text in `charset`, null as an empty text, and anything else as its JSON.
 */
export function regexFilter(options?: RegexFilterOptions): ProducerInterceptor & ConsumerInterceptor {
  const { regex, excludeEvents, charset, compat } = interceptorOptions('regexFilter', options, {
    regex: {
      default: '.*',
      check: (value) => (typeof value === 'string' || value instanceof RegExp ? null : `must be a string or a RegExp, not ${typeof value}`),
    },
    excludeEvents: { default: false },
    charset: { default: 'utf8', check: (value) => (charsets.includes(value as string) ? null : `must be one of ${charsets.join(', ')}`) },
    compat: { default: 'none', check: (value) => (value === 'none' || value === 'flume' ? null : 'must be "none" or "flume"') },
  })
  if (excludeEvents && options?.regex === undefined && compat !== 'flume') {
    throw configError('regexFilter: excludeEvents without a regex drops every record; give a regex, or compat: "flume" if that is meant')
  }
  const pattern = javaRegex(regex)
  const dropped = drop(excludeEvents ? 'matches the regex' : 'does not match the regex')

  function passes(value: unknown): boolean {
    return pattern.test(textOf(value, charset)) !== excludeEvents
  }

  return {
    ...commonOptions('regex-filter', options),
    onSend: (record) => (passes(record.value) ? record : dropped),
    onConsume: (records) => records.filter((record) => passes(record.value)),
  }
}

function textOf(value: unknown, charset: RegexCharset): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  if (Buffer.isBuffer(value)) return value.toString(charset)
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString(charset)
  return JSON.stringify(value) ?? ''
}
