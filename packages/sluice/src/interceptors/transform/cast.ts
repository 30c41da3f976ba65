import { dataKind, FieldProblem } from './fields.ts'

/** What a field can be cast to: Connect's types, and `bigint` for integers beyond 2^53. */
export type CastType = 'int8' | 'int16' | 'int32' | 'int64' | 'float32' | 'float64' | 'boolean' | 'string' | 'bigint'

export const castTypes: readonly CastType[] = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string', 'bigint']

const BITS: Partial<Record<CastType, number>> = { int8: 8, int16: 16, int32: 32, int64: 64, bigint: 64 }
const DECIMAL = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/

/**
 * As Connect's Cast: null stays null, numbers beyond a type's range lose their upper bits as in Java, text beyond it is an
 * error. Throws FieldProblem, without a path.
 */
export function cast(value: unknown, type: CastType): unknown {
  if (value === null || value === undefined) return value
  switch (type) {
    case 'string':
      return asText(value)
    case 'boolean':
      return asBoolean(value)
    case 'float32':
      return Math.fround(asFloat(value, type))
    case 'float64':
      return asFloat(value, type)
    case 'bigint':
      return asInteger(value, type)
    default: {
      const integer = asInteger(value, type)
      const number = Number(integer)
      if (!Number.isSafeInteger(number)) throw new FieldProblem([], 'is beyond 2^53, which a number cannot hold exactly; cast it to bigint')
      return number
    }
  }
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (value instanceof Date) return dateOf(value).toISOString()
  if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') throw cannot(value, 'string')
  return String(value)
}

function asBoolean(value: unknown): boolean {
  switch (typeof value) {
    case 'boolean':
      return value
    case 'number':
      // Java asks the number without its fraction.
      return Math.trunc(value) !== 0 && !Number.isNaN(value)
    case 'bigint':
      return value !== 0n
    case 'string':
      return value.toLowerCase() === 'true'
    default:
      if (value instanceof Date) return dateOf(value).getTime() !== 0
      throw cannot(value, 'boolean')
  }
}

function asFloat(value: unknown, type: CastType): number {
  switch (typeof value) {
    case 'number':
      return value
    case 'bigint':
    case 'boolean':
      return Number(value)
    case 'string': {
      const text = value.trim()
      if (!DECIMAL.test(text)) throw new FieldProblem([], `is a text that is no ${type}`)
      return Number(text.replace(/(?<=[\d.])[fFdD]$/, ''))
    }
    default:
      if (value instanceof Date) return dateOf(value).getTime()
      throw cannot(value, type)
  }
}

function asInteger(value: unknown, type: CastType): bigint {
  const bits = BITS[type]!
  switch (typeof value) {
    case 'number':
      return BigInt.asIntN(bits, narrowed(value, bits))
    case 'bigint':
      return BigInt.asIntN(bits, value)
    case 'boolean':
      return value ? 1n : 0n
    case 'string': {
      const integer = /^[+-]?\d{1,20}$/.test(value) ? BigInt(value.replace('+', '')) : undefined
      if (integer === undefined || BigInt.asIntN(bits, integer) !== integer)
        throw new FieldProblem([], `is a text that is no ${type}, or beyond its range`)
      return integer
    }
    default:
      if (value instanceof Date) return BigInt.asIntN(bits, BigInt(dateOf(value).getTime()))
      throw cannot(value, type)
  }
}

/** Whole numbers are Java's long; others are doubles, which stop at the ends of int or long first. */
function narrowed(value: number, bits: number): bigint {
  if (Number.isNaN(value)) return 0n
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return BigInt(value)
  const wide = bits === 64 ? 64n : 32n
  const highest = 2n ** (wide - 1n) - 1n
  if (value >= Number(highest)) return highest
  if (value <= -Number(highest)) return -highest - 1n
  return BigInt(Math.trunc(value))
}

function dateOf(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw new FieldProblem([], 'is an invalid Date')
  return date
}

function cannot(value: unknown, type: CastType): FieldProblem {
  return new FieldProblem([], `is ${dataKind(value)}, which cannot be cast to ${type}`)
}
