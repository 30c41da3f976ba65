import type { Headers } from 'sluice'
import type { Charset } from './charset.ts'

/** What of a record is read: its value, its key, or a header's last value. */
export type TextTarget = 'value' | 'key' | `header:${string}`

interface Readable {
  readonly key: unknown
  readonly value: unknown
  readonly headers: Headers
}

/** For `check` of an option. */
export function textTarget(value: unknown): string | null {
  return value === 'value' || value === 'key' || (typeof value === 'string' && /^header:./.test(value))
    ? null
    : 'must be "value", "key" or "header:NAME"'
}

/** The target as text: a string as it is, bytes in the charset, what is missing as an empty text, all else as its JSON. */
export function textOf(target: TextTarget, charset: Charset): (record: Readable) => string {
  if (target === 'value') return (record) => text(record.value, charset)
  if (target === 'key') return (record) => text(record.key, charset)
  const name = target.slice('header:'.length)
  return (record) => text(record.headers.get(name), charset)
}

function text(value: unknown, charset: Charset): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  if (Buffer.isBuffer(value)) return charset.decode(value)
  if (value instanceof Uint8Array) return charset.decode(asBuffer(value))
  return JSON.stringify(value) ?? ''
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
