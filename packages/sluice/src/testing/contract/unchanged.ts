import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { Headers } from '../../record/headers.ts'
import type { InterceptorContractOptions, RecordPart } from './contract-options.ts'

/** What the parts of a record that an application can share with a client looked like before a hook. */
export interface Snapshot {
  readonly parts: Readonly<Record<Exclude<RecordPart, 'headers'>, unknown>>
  readonly headers: readonly { readonly key: string; readonly held: Buffer | null; readonly copy: Buffer | null }[]
  /** Key and value themselves, which a hook may not have written to. */
  readonly held: { readonly key: unknown; readonly value: unknown }
}

type AnyRecord = Readonly<Record<Exclude<RecordPart, 'headers'>, unknown>> & { readonly headers: Headers }

export function snapshotOf({ topic, partition, key, value, timestamp, headers }: AnyRecord): Snapshot {
  return {
    parts: { topic, partition, timestamp, key: copyOf(key), value: copyOf(value) },
    headers: [...headers].map((header) => ({
      key: header.key,
      held: header.value,
      copy: header.value === null ? null : Buffer.from(header.value),
    })),
    held: { key, value },
  }
}

/** Fails when a hook wrote into an object that the application gave. */
export function assertNotMutated(hook: string, before: Snapshot): void {
  for (const part of ['key', 'value'] as const) {
    assert.ok(same(before.held[part], before.parts[part]), `${hook} wrote into the caller's ${part}; return a copy with another one`)
  }
  for (const { key, held, copy } of before.headers) {
    assert.ok(same(held, copy), `${hook} wrote into the bytes of the caller's header "${key}"`)
  }
}

/** Fails when a record came out with another part than it went in with, and the options do not say so. */
export function assertKept(hook: string, before: Snapshot, after: AnyRecord, { changes = [] }: InterceptorContractOptions): void {
  for (const part of ['topic', 'partition', 'key', 'value', 'timestamp'] as const) {
    if (changes.includes(part)) continue
    // A changed copy may leave a part out that is null or undefined.
    assert.ok(
      same(after[part] ?? null, before.parts[part] ?? null),
      `${hook} changed the record's ${part}, which \`changes\` does not name`,
    )
  }
  if (changes.includes('headers')) return
  const left = keysOf(after.headers)
  for (const { key } of before.headers) {
    assert.ok(left.includes(key), `${hook} took the header "${key}" away, and \`changes\` does not name headers`)
  }
}

export function keysOf(headers: Headers | undefined): readonly string[] {
  return [...(headers ?? [])].map(({ key }) => key)
}

/** Freezes plain objects and lists all the way down; bytes cannot be frozen. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}

function copyOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value)
  return typeof value === 'object' && value !== null ? structuredClone(value) : value
}

/** Without the difference that an assertion would print: of a large value it takes minutes. */
export function same(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0
  return isDeepStrictEqual(one, other)
}
