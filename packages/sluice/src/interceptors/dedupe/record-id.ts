import { hash } from 'node:crypto'
import type { Headers } from 'sluice'
import { kindOf } from '../option-checks.ts'

/** What an id may be read from: a record on either side. */
export interface IdentifiedRecord {
  readonly topic: string
  readonly key: any
  readonly value: any
  readonly headers: Headers
}

export type RecordId = string | number | bigint | Uint8Array | null | undefined

/** Where a record's id is: its key, a header, or wherever a function finds it. */
export type IdSource = 'key' | `header:${string}` | ((record: IdentifiedRecord) => RecordId)

const HEADER = 'header:'
/** What is longer is kept as its hash. */
const MAX_LENGTH = 64

/** The id as text, as short as memory wants it; null when the record has none. */
export function idReader(source: IdSource): (record: IdentifiedRecord) => string | null {
  if (typeof source === 'function') return (record) => textOf(source(record))
  if (source === 'key') return ({ key }) => textOf(key)
  const name = source.slice(HEADER.length)
  return ({ headers }) => textOf(headers.get(name))
}

export function idSourceProblem(value: unknown): string | null {
  if (typeof value === 'function' || value === 'key') return null
  if (typeof value === 'string' && value.startsWith(HEADER) && value.length > HEADER.length) return null
  return `must be "key", "header:NAME" or a function, not ${typeof value === 'string' ? JSON.stringify(value) : kindOf(value)}`
}

function textOf(id: unknown): string | null {
  switch (typeof id) {
    case 'string':
      return id === '' ? null : shortened(id)
    case 'number':
    case 'bigint':
      return String(id)
    case 'object':
      if (id === null) return null
      if (id instanceof Uint8Array)
        return id.length === 0 ? null : shortened(Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1'))
      return shortened(JSON.stringify(id))
    default:
      return null
  }
}

function shortened(id: string): string {
  return id.length <= MAX_LENGTH ? id : `#${hash('sha256', id, 'base64url')}`
}
