import { configError } from 'sluice'
import { textOption } from '../nested-options.ts'
import { kindOf } from '../option-checks.ts'
import { type FieldPath, fieldPath } from './field-path.ts'
import { type Fields, fieldsOf, withField } from './fields.ts'
import type { RecordFacts } from './record-work.ts'
import type { InsertStep } from './transform-step.ts'

interface Insertion {
  readonly path: FieldPath
  /** Undefined: nothing is inserted. */
  read(record: RecordFacts): unknown
}

export function insert(step: InsertStep, option: string): (data: unknown, record: RecordFacts) => unknown {
  const insertions: Insertion[] = []
  const add = (field: unknown, name: string, read: Insertion['read']): void => {
    if (field !== undefined) insertions.push({ path: fieldPath(field, `${option}.${name}`), read })
  }
  add(step.topicField, 'topicField', ({ topic }) => topic)
  add(step.partitionField, 'partitionField', ({ partition }) => partition)
  add(step.offsetField, 'offsetField', ({ offset }) => offset)
  add(step.timestampField, 'timestampField', ({ timestamp }) => timestamp)
  for (const [field, header] of entries(step.headerFields, `${option}.headerFields`)) {
    const key = textOption(`${option}.headerFields.${field}`, header)
    add(field, 'headerFields', ({ headers }) => headers.getString(key))
  }
  for (const [field, data] of entries(step.static, `${option}.static`))
    add(field, 'static', typeof data === 'object' ? () => structuredClone(data) : () => data)
  if (insertions.length === 0) throw configError(`${option} names nothing to insert`)

  return (data, record) => {
    let fields: Fields = fieldsOf(data)
    for (const { path, read } of insertions) {
      const found = read(record)
      if (found !== undefined) fields = withField(fields, path, found)
    }
    return fields
  }
}

function entries(given: unknown, option: string): readonly [string, unknown][] {
  if (given === undefined) return []
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw configError(`${option} must be an object, not ${kindOf(given)}`)
  return Object.entries(given)
}
