import { configError } from 'sluice'
import { listOption, objectOption, textOption } from '../nested-options.ts'
import { kindOf, oneOf } from '../option-checks.ts'
import { type CastType, cast, castTypes } from './cast.ts'
import { type FieldPath, fieldPath } from './field-path.ts'
import { changeAt, FieldProblem, fieldsOf, put, readAt } from './fields.ts'
import { flatten } from './flatten.ts'
import { insert } from './insert.ts'
import { mask } from './mask.ts'
import type { RecordFacts, RecordWork } from './record-work.ts'
import { timestampFormat } from './timestamp-format.ts'
import type { FlattenStep, HoistStep, InsertStep, MaskStep, TimestampFormatStep } from './transform-step.ts'

export type Target = 'value' | 'key'

/** A step that is ready to run. Throws FieldProblem for data it cannot work on. */
export interface CompiledStep {
  readonly kind: string
  run(work: RecordWork, target: Target): void
}

/** What the target becomes. */
type Change = (data: unknown, record: RecordFacts) => unknown

const makers: Readonly<Record<string, (given: unknown, option: string) => Change>> = {
  insert: (given, option) => {
    const step = objectOption<InsertStep>(option, given, [
      'topicField',
      'partitionField',
      'offsetField',
      'timestampField',
      'headerFields',
      'static',
    ])
    return nullStays(insert(step, option))
  },
  rename,
  cast: castStep,
  mask: (given, option) =>
    nullStays(mask(Array.isArray(given) ? { fields: given } : objectOption<MaskStep>(option, given, ['fields', 'replacement']), option)),
  hoist,
  extract(given, option) {
    const path = fieldPath(given, option)
    return (data) => readAt(data, path) ?? null
  },
  flatten(given, option) {
    const { delimiter = '.' } = given === true ? {} : objectOption<FlattenStep>(option, given, ['delimiter'])
    const between = textOption(`${option}.delimiter`, delimiter)
    return nullStays((data) => flatten(data, between))
  },
  remove(given, option) {
    const paths = pathsOf(given, option)
    return nullStays((data) =>
      paths.reduce((rest, path) => changeAt(rest, path.slice(0, -1), (parent) => without(parent, path)), checked(data)),
    )
  },
  keep(given, option) {
    const names = new Set(pathsOf(given, option).map((path) => onlyName(path, option)))
    return nullStays((data) => Object.fromEntries(Object.entries(fieldsOf(data)).filter(([name]) => names.has(name))))
  },
  timestampFormat: (given, option) =>
    nullStays(timestampFormat(objectOption<TimestampFormatStep>(option, given, ['field', 'from', 'to']), option)),
}

const KINDS = [...Object.keys(makers), 'valueToKey']

/** Throws CONFIG for what is no step. */
export function compileStep(given: unknown, index: number, target: Target): CompiledStep {
  const option = `transform: steps[${index}]`
  const names = Object.keys(objectOption<Record<string, unknown>>(option, given, KINDS))
  const [kind] = names
  if (kind === undefined || names.length > 1)
    throw configError(
      `${option} must have one property, which says what is done (${KINDS.join(', ')}), not ${names.length === 0 ? 'none' : names.join(' and ')}`,
    )
  const settings = (given as Record<string, unknown>)[kind]
  if (kind === 'valueToKey') {
    if (target === 'key') throw configError(`${option}: valueToKey reads the value; it cannot stand in steps for the key`)
    return { kind, run: valueToKey(settings, `${option}.${kind}`) }
  }
  const change = makers[kind]!(settings, `${option}.${kind}`)
  return {
    kind,
    run(work, part) {
      work[part] = change(work[part], work.record)
    },
  }
}

function nullStays(change: Change): Change {
  return (data, record) => (data === null || data === undefined ? data : change(data, record))
}

function checked(data: unknown): unknown {
  return fieldsOf(data)
}

function pathsOf(given: unknown, option: string): readonly FieldPath[] {
  return listOption(option, given).map((one) => fieldPath(one, option))
}

function onlyName(path: FieldPath, option: string): string {
  if (path.length > 1) throw configError(`${option} takes names of fields, not paths; a name with a dot stands in backticks`)
  return path[0]!
}

function without(parent: unknown, path: FieldPath): unknown {
  if (parent === null || parent === undefined) return parent
  if (Array.isArray(parent)) return changed(parent, (one) => without(one, path))
  const fields = fieldsOf(parent, path.slice(0, -1))
  const name = path.at(-1)!
  if (!Object.hasOwn(fields, name)) return parent
  const { [name]: _gone, ...rest } = fields
  return rest
}

function changed(list: readonly unknown[], change: (one: unknown) => unknown): readonly unknown[] {
  const after = list.map(change)
  return after.every((one, index) => one === list[index]) ? list : after
}

function rename(given: unknown, option: string): Change {
  const byParent = new Map<string, { readonly parent: FieldPath; readonly names: Map<string, string> }>()
  const pairs = Object.entries(objectOfTexts(given, option))
  if (pairs.length === 0) throw configError(`${option} names no field`)
  for (const [from, to] of pairs) {
    const path = fieldPath(from, option)
    const parent = path.slice(0, -1)
    const id = JSON.stringify(parent)
    const held = byParent.get(id) ?? { parent, names: new Map<string, string>() }
    byParent.set(id, held)
    held.names.set(path.at(-1)!, onlyName(fieldPath(to, option), option))
  }
  // The deepest first: what is above may get another name.
  const renames = [...byParent.values()].sort((a, b) => b.parent.length - a.parent.length)
  return nullStays((data) =>
    renames.reduce((rest, { parent, names }) => changeAt(rest, parent, (one) => renamed(one, names, parent)), checked(data)),
  )
}

function renamed(parent: unknown, names: ReadonlyMap<string, string>, path: FieldPath): unknown {
  if (parent === null || parent === undefined) return parent
  if (Array.isArray(parent)) return changed(parent, (one) => renamed(one, names, path))
  const entries = Object.entries(fieldsOf(parent, path))
  const taken = new Set<string>()
  for (const [name] of entries) {
    const other = names.get(name)
    if (other !== undefined && other !== name) taken.add(other)
  }
  if (taken.size === 0) return parent
  const after: Record<string, unknown> = {}
  for (const [name, value] of entries) {
    const other = names.get(name)
    if (other !== undefined) put(after, other, value)
    // A field that stood where another was renamed to gives way.
    else if (!taken.has(name)) put(after, name, value)
  }
  return after
}

function castStep(given: unknown, option: string): Change {
  if (typeof given === 'string') {
    const whole = castType(given, option)
    return nullStays((data) => cast(data, whole))
  }
  const casts = Object.entries(objectOfTexts(given, option)).map(
    ([field, type]) => [fieldPath(field, option), castType(type, `${option}.${field}`)] as const,
  )
  if (casts.length === 0) throw configError(`${option} names no field`)
  return nullStays((data) =>
    casts.reduce(
      (rest, [path, type]) =>
        changeAt(rest, path, (one) =>
          Array.isArray(one) ? changed(one, (element) => castAt(element, type, path)) : castAt(one, type, path),
        ),
      checked(data),
    ),
  )
}

function castAt(value: unknown, type: CastType, path: FieldPath): unknown {
  try {
    return cast(value, type)
  } catch (error) {
    throw error instanceof FieldProblem ? new FieldProblem(path, error.message) : error
  }
}

function castType(given: unknown, option: string): CastType {
  const problem = oneOf(...castTypes)(given)
  if (problem !== null) throw configError(`${option} ${problem}`)
  return given as CastType
}

function hoist(given: unknown, option: string): Change {
  const { field, wrapNull = true } =
    typeof given === 'string' ? { field: given } : objectOption<HoistStep>(option, given, ['field', 'wrapNull'])
  const name = onlyName(fieldPath(field, option), option)
  if (typeof wrapNull !== 'boolean') throw configError(`${option}.wrapNull must be true or false, not ${kindOf(wrapNull)}`)
  return (data) => ((data === null || data === undefined) && !wrapNull ? null : { [name]: data ?? null })
}

function valueToKey(given: unknown, option: string): CompiledStep['run'] {
  const paths = pathsOf(given, option)
  return (work) => {
    if (work.value === null || work.value === undefined) throw new FieldProblem([], 'is null, which has no fields for a key')
    const key: Record<string, unknown> = {}
    for (const path of paths) key[path.at(-1)!] = readAt(fieldsOf(work.value), path) ?? null
    work.key = key
  }
}

function objectOfTexts(given: unknown, option: string): Readonly<Record<string, string>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw configError(`${option} must be an object, not ${kindOf(given)}`)
  for (const [name, text] of Object.entries(given)) textOption(`${option}.${name}`, text)
  return given as Record<string, string>
}
