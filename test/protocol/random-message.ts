import { contains, type Field, type FieldType, type Message, type Struct } from '../../tools/gen-protocol/definition.ts'
import type { SeededRandom } from './seeded-random.ts'

export type Values = Record<string, unknown>

export interface RandomOptions {
  /** Tagged fields keep their defaults. */
  readonly withoutTags?: boolean
  /** The share of fields that keep their default (or null), though the version has them. */
  readonly defaults?: number
  /** In place of a random value, when it returns something else than undefined. */
  readonly choose?: (field: Field) => unknown
}

/** A message with random values in every field that `version` has, and with the defaults elsewhere. */
export function randomMessage(message: Message, version: number, random: SeededRandom, options: RandomOptions = {}): Values {
  return randomStruct(message.root, version, random, options)
}

export function defaultStruct(struct: Struct): Values {
  return Object.fromEntries(struct.fields.map((field) => [field.name, defaultOf(field)]))
}

/** What Kafka's definition says; what it leaves open is zero, empty or, for records, null. */
export function defaultOf(field: Field): unknown {
  const { type } = field
  if (field.default === 'null') return null
  if (type.kind === 'array') return []
  if (type.kind === 'struct') return defaultStruct(type.struct)
  if (type.name === 'records') return null
  if (type.name === 'bytes') return Buffer.alloc(0)
  if (type.name === 'string') return field.default ?? ''
  if (type.name === 'uuid') return Buffer.alloc(16).toString('base64url')
  if (type.name === 'bool') return field.default === 'true'
  return Math.min(Number(field.default ?? 0), Number.MAX_SAFE_INTEGER)
}

function randomStruct(struct: Struct, version: number, random: SeededRandom, options: RandomOptions): Values {
  return Object.fromEntries(struct.fields.map((field) => [field.name, randomField(field, version, random, options)]))
}

function randomField(field: Field, version: number, random: SeededRandom, options: RandomOptions): unknown {
  if (!contains(field.versions, version)) return defaultOf(field)
  if (field.tag !== null && (options.withoutTags === true || !contains(field.tagged, version))) return defaultOf(field)
  const chosen = options.choose?.(field)
  if (chosen !== undefined) return chosen
  const nullable = contains(field.nullable, version)
  if (random.chance(options.defaults ?? 0.15)) {
    if (nullable) return null
    const value = defaultOf(field)
    // A default of null that the version does not allow on the wire.
    if (value !== null) return value
  }
  return randomValue(field.type, version, random, options)
}

export function randomValue(type: FieldType, version: number, random: SeededRandom, options: RandomOptions = {}): unknown {
  if (type.kind === 'array') {
    const length = random.pick([0, 1, 1, 2, 3])
    return Array.from({ length }, () => randomValue(type.element, version, random, options))
  }
  if (type.kind === 'struct') return randomStruct(type.struct, version, random, options)
  switch (type.name) {
    case 'bool':
      return random.chance(0.5)
    case 'int8':
      return random.pick([-128, -1, 0, 1, 127, random.integer(-128, 127)])
    case 'int16':
      return random.pick([-32768, -1, 0, 1, 255, 256, 32767, random.integer(-32768, 32767)])
    case 'uint16':
      return random.pick([0, 1, 255, 256, 65535, random.integer(0, 65535)])
    case 'int32':
      return random.pick([-2147483648, -1, 0, 1, 65536, 2147483647, random.bits() | 0])
    case 'uint32':
      return random.pick([0, 1, 2147483648, 4294967295, random.bits()])
    case 'int64': {
      const large = random.bits() * 2097152 + (random.bits() >>> 11)
      return random.pick([-1, 0, 1, 4294967295, 4294967296, -4294967297, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, large, -large])
    }
    case 'float64':
      return random.pick([0, 1.5, -1e300, Number.MIN_VALUE, Number.POSITIVE_INFINITY, random.bits() / 7])
    case 'uuid':
      return random.bytes(16).toString('base64url')
    case 'string':
      return randomText(random)
    case 'bytes':
    case 'records':
      return random.bytes(random.pick([0, 1, 20, 127, 128, 1023, 1024, 3000]))
  }
}

const LETTERS = ['a', 'Z', '0', '-', '.', 'é', 'ß', '漢', '\u{1f600}', '\ufeff', '\0']

function randomText(random: SeededRandom): string {
  const length = random.pick([0, 1, 5, 20, 63, 64, 65, 126, 127, 128, 300])
  let text = ''
  const plain = random.chance(0.6)
  while (text.length < length) text += plain ? String.fromCharCode(random.integer(32, 126)) : random.pick(LETTERS)
  return text
}
