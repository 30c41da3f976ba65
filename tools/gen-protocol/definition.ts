/** The model of one message definition, as the facts in `packages/protocol/definitions` state it. */

/** Both ends belong to it; open ends are `Infinity`. */
export interface VersionRange {
  readonly from: number
  readonly to: number
}

export type PrimitiveType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'

export type FieldType =
  | { readonly kind: 'primitive'; readonly name: PrimitiveType }
  | { readonly kind: 'struct'; readonly struct: Struct }
  | { readonly kind: 'array'; readonly element: Exclude<FieldType, { kind: 'array' }> }

export interface Field {
  /** Lower camel case. */
  readonly name: string
  readonly type: FieldType
  /** Cut to the versions of the message. */
  readonly versions: VersionRange
  readonly nullable: VersionRange | null
  readonly tag: number | null
  readonly tagged: VersionRange | null
  /** As Kafka writes it; undefined where the definition names none. */
  readonly default: string | undefined
  readonly ignorable: boolean
}

export interface Struct {
  readonly name: string
  readonly fields: readonly Field[]
}

export interface Message {
  readonly kind: 'request' | 'response' | 'data'
  readonly name: string
  readonly versions: VersionRange
  readonly flexibleVersion: number
  readonly root: Struct
}

/** One file of facts: an API with both of its messages, or a single data message. */
export interface Definition {
  readonly fileName: string
  readonly name: string
  readonly apiKey: number | null
  readonly messages: readonly Message[]
}

export function intersect(a: VersionRange, b: VersionRange): VersionRange | null {
  const from = Math.max(a.from, b.from)
  const to = Math.min(a.to, b.to)
  return from > to ? null : { from, to }
}

export function contains(range: VersionRange | null, version: number): boolean {
  return range !== null && version >= range.from && version <= range.to
}

export function covers(range: VersionRange | null, inner: VersionRange): boolean {
  return range !== null && range.from <= inner.from && range.to >= inner.to
}

export function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

export function kebab(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase()
}
