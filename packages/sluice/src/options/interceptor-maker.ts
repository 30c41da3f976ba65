import { breakerOptions } from '../interceptor/circuit-breaker.ts'
import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import type { InterceptorSettings } from '../interceptor/interceptor-context.ts'
import {
  commonOptionNames,
  type InterceptorOptionRow,
  nonEmptyString,
  observeOptionRows,
  rowProblem,
  unknownOption,
} from '../interceptor/interceptor-options.ts'
import { checkShape, consumerHooks, flagNames, producerHooks, sharedHooks } from '../interceptor/interceptor-shape.ts'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import { Scope } from '../interceptor/scope.ts'
import { isInstance } from './interceptor-modules.ts'
import { splitList } from './option-table.ts'

export type AnyInterceptor = ProducerInterceptor & ConsumerInterceptor
export type ClientSide = 'producer' | 'consumer'

/** What is wrong with an entry: with one of its options, or with all of it. Never quotes a value. */
export interface EntryProblem {
  readonly option?: string
  readonly message: string
}

export type Made = { readonly interceptor: AnyInterceptor } | { readonly problems: readonly EntryProblem[] }

export interface MakerOptions {
  readonly side: ClientSide
  /** The entry's options, own and common ones; not changed. */
  readonly options: Readonly<Record<string, unknown>>
  /** Options that were given as text and may stand for another type. */
  readonly isText: (option: string) => boolean
}

type Rows = Readonly<Record<string, InterceptorOptionRow<unknown>>>

/** Makes one interceptor of what a name or module stands for: a factory or class is called, an object taken as it is. */
export function makeInterceptor(exported: unknown, { side, options: given, isText }: MakerOptions): Made {
  const options: Record<string, unknown> = { ...given }
  for (const name of commonOptionNames) if (isText(name)) options[name] = commonFromText(name, options[name])
  const problems = commonProblems(options)
  const made = typeof exported === 'function' ? called(exported as Factory, options, isText) : taken(exported, options)
  if ('problems' in made) problems.push(...made.problems)
  if (problems.length > 0 || 'problems' in made) return { problems }
  const wrong = interceptorProblem(made.interceptor, side)
  if (wrong !== null) return { problems: [{ message: wrong }] }
  return { interceptor: withSettings(made.interceptor as AnyInterceptor, settingsOf(options)) }
}

type Factory = ((options: object) => unknown) & { new (options: object): unknown }

function called(
  factory: Factory,
  options: Record<string, unknown>,
  isText: (option: string) => boolean,
): { readonly interceptor: unknown } | { readonly problems: readonly EntryProblem[] } {
  let rows: Rows | undefined
  let seen = options
  const observe = (known: Rows, given: Record<string, unknown>): void => {
    // A factory may change a copy of its options, and then call other factories with theirs.
    if (rows !== undefined) return
    rows = known
    seen = given
    for (const [name, row] of Object.entries(known)) {
      const value = given[name]
      if (typeof value === 'string' && isText(name)) given[name] = fromText(value, row)
    }
  }
  try {
    return { interceptor: observeOptionRows(observe, () => (isClass(factory) ? new factory(options) : factory(options))) }
  } catch (error) {
    const problems = rows === undefined ? [] : rowProblems(rows, seen)
    if (problems.length > 0) return { problems }
    return { problems: [{ message: withoutValues(error instanceof Error ? error.message : 'the factory threw no Error', options) }] }
  }
}

/** An object was exported, not a way to make one. */
function taken(
  exported: unknown,
  options: Readonly<Record<string, unknown>>,
): { readonly interceptor: unknown } | { readonly problems: readonly EntryProblem[] } {
  const own = Object.keys(options).filter((name) => !(commonOptionNames as readonly string[]).includes(name))
  if (own.length === 0) return { interceptor: exported }
  const message = 'is an option of its own, which an object that is exported cannot take; export a factory (options) => interceptor'
  return { problems: own.map((option) => ({ option, message: `${JSON.stringify(option)} ${message}` })) }
}

function isClass(exported: Factory): boolean {
  return /^class\b/.test(Function.prototype.toString.call(exported))
}

function rowProblems(rows: Rows, options: Readonly<Record<string, unknown>>): EntryProblem[] {
  const known = [...Object.keys(rows), ...commonOptionNames]
  const problems: EntryProblem[] = []
  for (const [option, value] of Object.entries(options)) {
    if (!known.includes(option)) problems.push({ option, message: unknownOption(option, known) })
    else if (rows[option] !== undefined) {
      const problem = rowProblem(rows[option], value ?? rows[option].default)
      if (problem !== null) problems.push({ option, message: `${option} ${withoutValues(problem, options)}` })
    }
  }
  for (const [option, row] of Object.entries(rows)) {
    if (Object.hasOwn(options, option)) continue
    const problem = rowProblem(row, row.default)
    if (problem !== null) problems.push({ message: `${option} is missing; it ${problem.replace(/, not \w+$/, '')}` })
  }
  return problems
}

const POLICIES: readonly unknown[] = ['continue', 'fail', 'deadLetter']

function commonProblems(options: Readonly<Record<string, unknown>>): EntryProblem[] {
  const { name, onError, timeoutMs, disableAfter, topics, when } = options
  const problems: EntryProblem[] = []
  const add = (option: string, problem: string | null): void => {
    if (problem !== null) problems.push({ option, message: `${option} ${problem}` })
  }
  if (name !== undefined) add('name', nonEmptyString(name))
  if (onError !== undefined && !POLICIES.includes(onError)) add('onError', 'must be "continue", "fail" or "deadLetter"')
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0))
    add('timeoutMs', 'must be a number of milliseconds above 0')
  const tried = (option: string, attempt: () => unknown): void => {
    try {
      attempt()
    } catch (error) {
      const text = (error as Error).message.replace(/^interceptor "": /, '').replace(new RegExp(`^${option}:? `), '')
      add(option, withoutValues(text, options))
    }
  }
  if (disableAfter !== undefined) tried('disableAfter', () => breakerOptions(disableAfter as number, ''))
  const client = { clientId: '', groupId: undefined }
  if (topics !== undefined) tried('topics', () => new Scope({ name: '', topics: topics as string }, client))
  if (when !== undefined) tried('when', () => new Scope({ name: '', when: when as object }, client))
  return problems
}

/** The text of a properties file or an environment variable, as what the row wants; unchanged when it can be nothing else. */
function fromText(text: string, row: InterceptorOptionRow<unknown>): unknown {
  const candidates = typedReadings(text)
  const { check, default: example } = row
  if (check === undefined || Array.isArray(example)) {
    const kind = Array.isArray(example) ? Array.isArray : (one: unknown) => typeof one === typeof example && !Array.isArray(one)
    return candidates.find(kind) ?? text
  }
  // A text that is right as it stands is taken as it stands, unless the default says that another type is meant.
  const preferred =
    typeof example === 'boolean' || typeof example === 'number' ? candidates.filter((one) => typeof one === typeof example) : []
  return [...preferred, text, ...candidates].find((one) => check(one) === null) ?? text
}

/** What a text may stand for, the most special first. */
function typedReadings(text: string): unknown[] {
  const trimmed = text.trim()
  const readings: unknown[] = []
  if (/^(?:true|false)$/i.test(trimmed)) readings.push(trimmed.toLowerCase() === 'true')
  if (/^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(trimmed)) readings.push(Number(trimmed))
  if (/^[[{]/.test(trimmed)) {
    try {
      readings.push(JSON.parse(trimmed))
    } catch {
      // Then it is no JSON.
    }
  }
  readings.push(splitList(text))
  return readings
}

const NESTED_TYPED = ['failures', 'slowMs', 'retryAfterMs', 'internalTopics']

function commonFromText(name: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const typed = (key: string, one: unknown): unknown =>
      typeof one === 'string' && NESTED_TYPED.includes(key) ? typedReadings(one)[0] : one
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, typed(key, one)]))
  }
  if (typeof value !== 'string') return value
  const [reading] = typedReadings(value)
  if (name === 'timeoutMs' || name === 'disableAfter') return Array.isArray(reading) ? value : reading
  if (name === 'topics' || name === 'when') {
    if (typeof reading === 'object' && /^\s*[[{]/.test(value)) return reading
    // A comma within brackets belongs to a pattern.
    if (name === 'topics' && value.includes(',') && !/[[{(]/.test(value)) return splitList(value)
  }
  return value
}

function settingsOf(options: Readonly<Record<string, unknown>>): Partial<InterceptorSettings> {
  const settings: Record<string, unknown> = {}
  for (const name of commonOptionNames) if (options[name] !== undefined) settings[name] = options[name]
  return settings
}

function interceptorProblem(made: unknown, side: ClientSide): string | null {
  if (typeof made === 'object' && made !== null && typeof (made as { then?: unknown }).then === 'function') {
    ;(made as PromiseLike<unknown>).then(undefined, () => {})
    return 'the factory gave a promise; do what takes time in configure, which may give one'
  }
  if (!isInstance(made)) return `gives no interceptor: it must be an object with a name and hooks, not ${kindOf(made)}`
  const has = (hook: string): boolean => typeof (made as Record<string, unknown>)[hook] === 'function'
  const [own, other] = side === 'producer' ? [producerHooks, consumerHooks] : [consumerHooks, producerHooks]
  if (!own.some(has) && other.some(has)) return `has no hook that a ${side} calls; it would do nothing here`
  try {
    checkShape(made as object, (made as { readonly name: string }).name, side)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

export function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : typeof value
}

/** The interceptor with these settings: itself when it took them already, else one that stands before it. */
function withSettings(interceptor: AnyInterceptor, settings: Partial<InterceptorSettings>): AnyInterceptor {
  const differs = Object.entries(settings).some(([name, value]) => interceptor[name as keyof InterceptorSettings] !== value)
  if (!differs) return interceptor
  const front: Record<string, unknown> = { name: interceptor.name }
  for (const name of [...commonOptionNames, ...flagNames]) if (interceptor[name] !== undefined) front[name] = interceptor[name]
  // Bound, for hooks may use private fields.
  for (const hook of [...producerHooks, ...consumerHooks, ...sharedHooks]) {
    const own = interceptor[hook] as ((...args: unknown[]) => unknown) | undefined
    if (typeof own === 'function') front[hook] = own.bind(interceptor)
  }
  return Object.assign(front, settings) as unknown as AnyInterceptor
}

/** An error's text without what the configuration holds: it may be a password. */
export function withoutValues(text: string, values: unknown): string {
  const found = new Set<string>()
  collect(values, found, 0)
  let clean = text
  for (const value of [...found].sort((a, b) => b.length - a.length)) {
    const pattern = value.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    const escaped = JSON.stringify(value).slice(1, -1)
    if (escaped !== value) clean = clean.replaceAll(escaped, '…')
    clean = value.length >= 12 ? clean.replaceAll(value, '…') : clean.replaceAll(new RegExp(`(?<![\\w])${pattern}(?![\\w])`, 'g'), '…')
  }
  return clean
}

function collect(value: unknown, found: Set<string>, depth: number): void {
  if (typeof value === 'string' && value.trim().length > 1) found.add(value)
  else if (typeof value === 'number') found.add(String(value))
  else if (typeof value === 'object' && value !== null && depth < 8) for (const one of Object.values(value)) collect(one, found, depth + 1)
}
