/** What a value is made of, for the documentation and for `fromProperties`. */
export type OptionType = 'int' | 'long' | 'boolean' | 'string' | 'list' | 'enum' | 'object' | 'function'

/** One option: its row in the table that checks, documents and reads it. `D` is the type of its default. */
export interface OptionSpec<D> {
  /** Java's dotted name; undefined for an option that only Sluice has. */
  readonly kafkaName: string | undefined
  readonly type: OptionType
  readonly default: D
  /** For documentation, when the default is not plain to show. */
  readonly defaultText?: string
  readonly required?: true
  /** Allowed values in words, such as `0 to 2147483647`. */
  readonly allowed: string
  /** True when the value may be shown in an error. Passwords, certificates and functions may not. */
  readonly shown: boolean
  /** Null when the value is right, else what it must be: `must be ...`. */
  readonly check: (value: unknown) => string | null
  /** Turns the text of a properties file into the option's value, which `check` then sees. */
  readonly fromText?: (text: string) => unknown
  readonly doc: string
}

type OptionalKeys<O> = { [K in keyof O]-?: undefined extends O[K] ? K : never }[keyof O]

/**
 * Every option must have a row, and every row must have a default of the option's type, except the `Unset` ones, which
 * stay undefined until they are given. A missing or unknown row does not compile.
 */
export type OptionTable<O, Unset extends keyof O> = {
  readonly [K in keyof O]-?: OptionSpec<K extends Unset ? undefined : K extends OptionalKeys<O> ? Exclude<O[K], undefined> : undefined>
}

/** What code reads: nothing optional is left but what may stay unset. */
export type Resolved<O, Unset extends keyof O> = {
  readonly [K in keyof O]-?: K extends Unset ? O[K] | undefined : Exclude<O[K], undefined>
}

export type AnyOptionTable = Readonly<Record<string, OptionSpec<unknown>>>

export const MAX_INT: number = 2 ** 31 - 1
export const MAX_LONG: number = Number.MAX_SAFE_INTEGER

/** A whole number between two bounds, both allowed. */
export function whole(kafkaName: string | undefined, value: number, least: number, most: number, doc: string): OptionSpec<number> {
  const bounds = most > MAX_INT ? `of at least ${least}` : `from ${least} to ${most}`
  return {
    kafkaName,
    type: most > MAX_INT ? 'long' : 'int',
    default: value,
    allowed: most > MAX_INT ? `>= ${least}` : `${least} to ${most}`,
    shown: true,
    check: (given) =>
      Number.isInteger(given) && (given as number) >= least && (given as number) <= most ? null : `must be a whole number ${bounds}`,
    fromText: (text) => (/^[+-]?\d+$/.test(text.trim()) ? Number(text) : text),
    doc,
  }
}

export function flag(kafkaName: string | undefined, value: boolean, doc: string): OptionSpec<boolean> {
  return {
    kafkaName,
    type: 'boolean',
    default: value,
    allowed: 'true, false',
    shown: true,
    check: (given) => (typeof given === 'boolean' ? null : 'must be true or false'),
    fromText: (text) => (/^\s*true\s*$/i.test(text) ? true : /^\s*false\s*$/i.test(text) ? false : text),
    doc,
  }
}

export function oneOf<const T extends string>(kafkaName: string, values: readonly T[], value: T, doc: string): OptionSpec<T> {
  return {
    kafkaName,
    type: 'enum',
    default: value,
    allowed: values.join(', '),
    shown: true,
    check: (given) => (values.includes(given as T) ? null : `must be one of ${values.map((one) => `"${one}"`).join(', ')}`),
    fromText: (text) => values.find((one) => one.toLowerCase() === text.trim().toLowerCase()) ?? text.trim(),
    doc,
  }
}

/** A string; with `D` undefined it has no default. */
export function text<D extends string | undefined>(
  kafkaName: string | undefined,
  value: D,
  doc: string,
  mayBeEmpty = false,
): OptionSpec<D> {
  return {
    kafkaName,
    type: 'string',
    default: value,
    allowed: mayBeEmpty ? 'any string' : 'a non-empty string',
    shown: true,
    check: (given) =>
      typeof given === 'string' && (mayBeEmpty || given !== '') ? null : `must be a ${mayBeEmpty ? '' : 'non-empty '}string`,
    fromText: (given) => given.trim(),
    doc,
  }
}

/** A list of strings, of which each may be one of `values` if these are given. */
export function list<const T extends string>(
  kafkaName: string,
  value: readonly T[],
  values: readonly T[] | null,
  doc: string,
): OptionSpec<readonly T[]> {
  const wanted = values === null ? 'a list of non-empty strings' : `a list of ${values.map((one) => `"${one}"`).join(', ')}`
  return {
    kafkaName,
    type: 'list',
    default: value,
    allowed: values === null ? 'a list of strings' : `a list of ${values.join(', ')}`,
    shown: true,
    check: (given) =>
      Array.isArray(given) && given.every((one) => typeof one === 'string' && one !== '' && (values === null || values.includes(one as T)))
        ? null
        : `must be ${wanted}`,
    fromText: splitList,
    doc,
  }
}

export function splitList(given: string): string[] {
  return given
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

/** An object that has these methods; which class it is of does not matter. */
export function having<D>(methods: readonly string[], value: D, defaultText: string, doc: string, kafkaName?: string): OptionSpec<D> {
  return {
    kafkaName,
    type: 'object',
    default: value,
    defaultText,
    allowed: `an object with ${methods.join(', ')}`,
    shown: false,
    check: (given) =>
      typeof given === 'object' &&
      given !== null &&
      methods.every((method) => typeof (given as Record<string, unknown>)[method] === 'function')
        ? null
        : `must be an object with the method${methods.length > 1 ? 's' : ''} ${methods.join(', ')}`,
    doc,
  }
}

/** An option that exists in Kafka and is known here, but does nothing yet: only its default is accepted. */
export function notYet<D>(spec: OptionSpec<D>): OptionSpec<D> {
  return {
    ...spec,
    check: (given) => spec.check(given) ?? (given === spec.default ? null : 'is not supported yet by this version'),
    allowed: 'not supported yet',
  }
}
