import { configError } from 'sluice'
import { listOption } from '../nested-options.ts'
import { kindOf } from '../option-checks.ts'
import { type FieldPath, fieldPath } from './field-path.ts'
import { changeAt, dataKind, FieldProblem, fieldsOf } from './fields.ts'
import type { MaskStep } from './transform-step.ts'

/** As Connect's MaskField; bytes, which it refuses, become empty ones. */
export function mask({ fields, replacement }: MaskStep, option: string): (data: unknown) => unknown {
  const paths = listOption(`${option}.fields`, fields).map((one) => fieldPath(one, `${option}.fields`))
  if (replacement !== undefined && (!['string', 'number'].includes(typeof replacement) || replacement === ''))
    throw configError(
      `${option}.replacement must be a non-empty string or a number, not ${replacement === '' ? 'an empty one' : kindOf(replacement)}`,
    )
  const masked = replacement === undefined ? emptied : (value: unknown, path: FieldPath) => replaced(value, String(replacement), path)
  return (data) =>
    paths.reduce(
      (rest, path) => changeAt(rest, path, (value) => (value === null || value === undefined ? value : masked(value, path))),
      fieldsOf(data) as unknown,
    )
}

function emptied(value: unknown, path: FieldPath): unknown {
  switch (typeof value) {
    case 'boolean':
      return false
    case 'number':
      return 0
    case 'bigint':
      return 0n
    case 'string':
      return ''
  }
  if (value instanceof Date) return new Date(0)
  if (Array.isArray(value)) return []
  if (value instanceof Uint8Array) return Buffer.alloc(0)
  if (typeof value === 'object') return {}
  throw new FieldProblem(path, `is ${dataKind(value)}, which cannot be masked`)
}

function replaced(value: unknown, replacement: string, path: FieldPath): unknown {
  if (typeof value === 'string') return replacement
  if (typeof value === 'number' || typeof value === 'bigint') {
    const number = Number(replacement)
    if (Number.isNaN(number) || (typeof value === 'bigint' && !Number.isInteger(number)))
      throw new FieldProblem(path, `is ${dataKind(value)}, and the replacement is none`)
    return typeof value === 'bigint' ? BigInt(number) : number
  }
  throw new FieldProblem(path, `is ${dataKind(value)}, which no replacement can stand for; mask it without one`)
}
