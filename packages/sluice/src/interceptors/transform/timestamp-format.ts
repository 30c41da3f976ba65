import { configError } from 'sluice'
import { oneOf } from '../option-checks.ts'
import { type FieldPath, fieldPath } from './field-path.ts'
import { changeAt, dataKind, FieldProblem, fieldsOf } from './fields.ts'
import type { TimestampForm, TimestampFormatStep } from './transform-step.ts'

const FORMS: readonly TimestampForm[] = ['iso', 'seconds', 'millis', 'micros']
/** To milliseconds. */
const FACTORS: Readonly<Record<Exclude<TimestampForm, 'iso'>, number>> = { seconds: 1000, millis: 1, micros: 1 / 1000 }

export function timestampFormat({ field, from, to }: TimestampFormatStep, option: string): (data: unknown) => unknown {
  const path = fieldPath(field, `${option}.field`)
  const check = oneOf(...FORMS)
  for (const [name, form] of [
    ['to', to],
    ['from', from ?? 'iso'],
  ] as const) {
    const problem = check(form)
    if (problem !== null) throw configError(`${option}.${name} ${problem}`)
  }
  const convert = (value: unknown): unknown =>
    value === null || value === undefined ? value : written(millisOf(value, from, path), to, path)
  return (data) => changeAt(fieldsOf(data), path, convert)
}

function millisOf(value: unknown, from: TimestampForm | undefined, path: FieldPath): number {
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'string' && (from === undefined || from === 'iso')) return Date.parse(value)
  const isNumber = typeof value === 'number' || typeof value === 'bigint' || (typeof value === 'string' && /^-?\d+$/.test(value))
  if (!isNumber || from === 'iso')
    throw new FieldProblem(path, `is ${dataKind(value)}, which is no time as ${from ?? 'ISO 8601 or a number'}`)
  return Number(value) * FACTORS[from ?? 'millis']
}

function written(millis: number, to: TimestampForm, path: FieldPath): unknown {
  const date = new Date(millis)
  if (Number.isNaN(date.getTime())) throw new FieldProblem(path, 'is no time')
  if (to === 'iso') return date.toISOString()
  return Math.floor(date.getTime() / FACTORS[to])
}
