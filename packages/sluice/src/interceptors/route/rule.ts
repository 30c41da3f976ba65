import { configError, type Headers, type InterceptorContext } from 'sluice'
import { objectOption, textOption } from '../nested-options.ts'
import { kindOf } from '../option-checks.ts'
import { textOf } from '../text/body-text.ts'
import { charsetOf } from '../text/charset.ts'
import { regexOption, textPattern } from '../text/text-pattern.ts'

/** What a rule can ask of a record. */
export interface RoutableRecord {
  readonly topic: string
  readonly partition: number | undefined
  readonly key: any
  readonly value: any
  readonly headers: Headers
  readonly timestamp: number | undefined
}

/** Which records a rule is for; all that is given must hold. */
export interface RouteCondition {
  /** A topic's name, a RegExp for the name, or several of these. */
  readonly topic?: string | RegExp | readonly (string | RegExp)[]
  /** A header that is there; with `value` one whose last value is this text. */
  readonly header?: string | { readonly key: string; readonly value?: string }
  /** A regular expression that is found in the value: in text as it is, in bytes as UTF-8, in anything else as JSON. */
  readonly value?: string | RegExp
  readonly test?: (record: RoutableRecord) => boolean
}

/** A condition that is ready to ask. */
export interface CompiledCondition {
  holds(record: RoutableRecord): boolean
  /** For `configure`. */
  readonly load: ((context: InterceptorContext) => Promise<void>) | undefined
}

const UTF8 = charsetOf('utf-8')

/** Throws CONFIG for what is no condition. */
export function compileCondition(
  given: RouteCondition | ((record: RoutableRecord) => boolean) | undefined,
  option: string,
): CompiledCondition {
  if (given === undefined) return { holds: () => true, load: undefined }
  if (typeof given === 'function') return { holds: boolean(given, option), load: undefined }
  const { topic, header, value, test } = objectOption<RouteCondition>(option, given, ['topic', 'header', 'value', 'test'])
  const tests: ((record: RoutableRecord) => boolean)[] = []
  let load: CompiledCondition['load']
  if (topic !== undefined) tests.push(topicTest(topic, `${option}.topic`))
  if (header !== undefined) tests.push(headerTest(header, `${option}.header`))
  if (value !== undefined) {
    const problem = regexOption(value)
    if (problem !== null) throw configError(`${option}.value ${problem}`)
    const pattern = textPattern({ option: `${option}.value`, regex: value, engine: undefined, compat: 'none' })
    const read = textOf('value', UTF8)
    load = pattern.load
    tests.push((record) => pattern.current.test(read(record)))
  }
  if (test !== undefined) {
    if (typeof test !== 'function') throw configError(`${option}.test must be a function, not ${kindOf(test)}`)
    tests.push(boolean(test, `${option}.test`))
  }
  if (tests.length === 0) throw configError(`${option} must say something: topic, header, value or test`)
  return { holds: (record) => tests.every((one) => one(record)), load }
}

function topicTest(given: unknown, option: string): (record: RoutableRecord) => boolean {
  const all = (Array.isArray(given) ? given : [given]) as readonly unknown[]
  const names = new Set<string>()
  const patterns: RegExp[] = []
  for (const one of all) {
    if (one instanceof RegExp) patterns.push(new RegExp(one.source, one.flags.replace(/[gy]/g, '')))
    else names.add(textOption(option, one))
  }
  if (all.length === 0) throw configError(`${option} names no topic`)
  return ({ topic }) => names.has(topic) || patterns.some((pattern) => pattern.test(topic))
}

function headerTest(given: unknown, option: string): (record: RoutableRecord) => boolean {
  const { key, value } =
    typeof given === 'string'
      ? { key: given, value: undefined }
      : objectOption<{ key: string; value?: string }>(option, given, ['key', 'value'])
  textOption(`${option}.key`, key)
  if (value !== undefined && typeof value !== 'string') throw configError(`${option}.value must be a string, not ${kindOf(value)}`)
  return value === undefined ? ({ headers }) => headers.has(key) : ({ headers }) => headers.getString(key) === value
}

function boolean(test: (record: RoutableRecord) => unknown, option: string): (record: RoutableRecord) => boolean {
  return (record) => {
    const result = test(record)
    if (typeof result !== 'boolean') throw configError(`${option} gave ${kindOf(result)}; it must give true or false`)
    return result
  }
}
