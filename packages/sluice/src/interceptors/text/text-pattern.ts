import { configError, type InterceptorContext, type InterceptorOptionRow } from 'sluice'
import { kindOf, oneOf } from '../option-checks.ts'
import type { Compat } from './compat.ts'
import { type JavaPattern, javaPattern } from './java-pattern.ts'
import { javaScriptPattern, portableSource } from './javascript-pattern.ts'

/** What runs a regular expression: RE2 takes linear time whatever the text, and knows no lookahead or back-reference. */
export type RegexEngine = 're2' | 'javascript'

/** The groups of a match; 0 is the whole, and undefined stands for one that took no part. */
export type Groups = readonly (string | undefined)[]

/** A regular expression, whichever engine runs it. */
export interface TextPattern {
  readonly groupCount: number
  /** Numbers by name, where Java's replacement `${name}` is understood. */
  readonly groupNames: ReadonlyMap<string, number>
  /** Whether it is found anywhere in the text (Java: `find`). */
  test(text: string): boolean
  /** The groups of the first place where it is found, or null. */
  find(text: string): Groups | null
  replaceAll(text: string, replacement: Replacement): string
}

/** What takes the place of a match: text that stands for itself, JavaScript's `$1` form, or a function of the groups. */
export type Replacement =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'template'; readonly text: string }
  | { readonly kind: 'function'; readonly of: (groups: Groups) => string }

export interface PatternRequest {
  /** Leads errors and warnings: `regexFilter: regex`. */
  readonly option: string
  readonly regex: string | RegExp
  readonly engine: RegexEngine | undefined
  readonly compat: Compat
  /** Only a match of the whole text counts (Java: `matches`). */
  readonly whole?: boolean
}

/** A pattern that is there at once, and possibly another in its place once the interceptor is configured. */
export interface LoadedPattern {
  current: TextPattern
  /** To be returned by `configure`; undefined when there is nothing to load. */
  readonly load: ((context: InterceptorContext) => Promise<void>) | undefined
}

/** For `check` of an option that holds a regular expression; the empty one is found everywhere. */
export function regexOption(value: unknown): string | null {
  if (value instanceof RegExp || typeof value === 'string') return null
  return `must be a string or a RegExp, not ${kindOf(value)}`
}

/** The same for an option that Flume requires and does not take empty. */
export function requiredRegex(value: unknown): string | null {
  return value === '' ? 'must not be empty' : regexOption(value)
}

export const engineRow: InterceptorOptionRow<RegexEngine | undefined> = {
  default: undefined,
  check: (value) => (value === undefined ? null : oneOf('re2', 'javascript')(value)),
}

/**
 * Strings are JavaScript's syntax, with `compat: 'flume'` Java's. Without `engine` RE2 is taken if re2js is installed and
 * knows what the pattern uses; with `compat: 'flume'` JavaScript's engine is, which backtracks as Java's does.
 */
export function textPattern(request: PatternRequest): LoadedPattern {
  const { compat, engine, option } = request
  try {
    const isJava = compat === 'flume' && typeof request.regex === 'string'
    if (engine === 'javascript' || (engine === undefined && compat === 'flume')) {
      return { current: nativePattern(request, isJava), load: undefined }
    }
    // A string that is meant for RE2 may hold what JavaScript has no form of: it is then read when RE2 is there.
    const pattern: LoadedPattern = {
      current: engine === 're2' && typeof request.regex === 'string' ? notLoaded(option) : nativePattern(request, isJava),
      load: async (context) => {
        const found = await re2Pattern(request, context)
        if (found !== null) pattern.current = found
      },
    }
    return pattern
  } catch (error) {
    throw configError(`${option}: ${(error as Error).message}`)
  }
}

function nativePattern({ regex, whole }: PatternRequest, isJava: boolean): TextPattern {
  if (isJava) {
    const java = javaPattern(regex as string)
    return java.groups.every((position, group) => position === group)
      ? native(wholeOf(java.regExp, whole), java.names)
      : moved(native(wholeOf(java.regExp, whole), java.names), java)
  }
  return native(wholeOf(javaScriptPattern(regex), whole), new Map())
}

function wholeOf(regExp: RegExp, whole = false): RegExp {
  if (!whole) return regExp
  // In multi-line mode ^ and $ are not the ends of the text.
  return new RegExp(`(?<![^])(?:${regExp.source})(?![^])`, regExp.flags)
}

function native(regExp: RegExp, names: ReadonlyMap<string, number>): TextPattern {
  const everywhere = new RegExp(regExp.source, `${regExp.flags}g`)
  const groupCount = new RegExp(`${regExp.source}|`, regExp.flags).exec('')!.length - 1
  return {
    groupCount,
    groupNames: names,
    test: (text) => regExp.test(text),
    find: (text) => regExp.exec(text),
    replaceAll: (text, replacement) => text.replace(everywhere, replacer(replacement, groupCount) as string),
  }
}

/** With the groups where Java counts them, as atomic groups of Java's take one more each in JavaScript. */
function moved(pattern: TextPattern, { groups, names }: JavaPattern): TextPattern {
  const asJava = (found: Groups): Groups => groups.map((position) => found[position])
  return {
    groupCount: groups.length - 1,
    groupNames: names,
    test: pattern.test,
    find(text) {
      const found = pattern.find(text)
      return found === null ? null : asJava(found)
    },
    replaceAll: (text, replacement) =>
      pattern.replaceAll(
        text,
        replacement.kind === 'function' ? { kind: 'function', of: (found) => replacement.of(asJava(found)) } : replacement,
      ),
  }
}

function replacer(replacement: Replacement, groupCount: number): string | ((...found: string[]) => string) {
  if (replacement.kind === 'template') return replacement.text
  if (replacement.kind === 'literal') return replacement.text.replaceAll('$', '$$$$')
  return (...found) => replacement.of(found.slice(0, groupCount + 1))
}

/** Null when RE2 was not asked for by name, and is not there or does not know what the pattern uses. */
async function re2Pattern(request: PatternRequest, { logger }: InterceptorContext): Promise<TextPattern | null> {
  const { option, engine, whole } = request
  const found = await import('re2js').catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    return null
  })
  if (found === null) {
    if (engine === 're2') throw configError(`${option}: engine "re2" needs the package re2js: npm install re2js`)
    logger.warn(
      `${option}: without the package re2js a hostile text can take very long to search: npm install re2js, or engine "javascript"`,
    )
    return null
  }
  const { RE2JS } = found
  try {
    const source = re2Source(request, RE2JS.translateRegExp)
    const compiled = RE2JS.compile(whole ? `\\A(?:${source})\\z` : source, RE2JS.LOOKBEHINDS)
    return {
      groupCount: compiled.groupCount(),
      groupNames: new Map(Object.entries(compiled.namedGroups())),
      test: (text) => compiled.test(text),
      find: (text) => compiled.exec(text),
      // Whether there is anything to replace is found ten times as fast as what.
      replaceAll: (text, replacement) =>
        compiled.test(text) ? compiled.matcher(text).replaceAll(replacer(replacement, compiled.groupCount())) : text,
    }
  } catch (cause) {
    const why = (cause as Error).message
    if (engine === 're2') throw configError(`${option}: RE2 does not know this regular expression: ${why}`)
    logger.warn(
      `${option}: RE2 does not know this regular expression, and with JavaScript's engine a hostile text can take very long to search`,
      {
        reason: why,
      },
    )
    return null
  }
}

/** RE2's own syntax is close to Java's; what is JavaScript's is put into it, and with engine "re2" what is not may be RE2's. */
function re2Source({ regex, engine, compat }: PatternRequest, translate: (regExp: RegExp) => string): string {
  if (typeof regex === 'string' && compat === 'flume') return regex
  let regExp: RegExp
  try {
    regExp = javaScriptPattern(regex)
  } catch (error) {
    if (typeof regex === 'string' && engine === 're2') return regex
    throw error
  }
  if (regExp.flags.includes('v')) throw configError('the flag v has no counterpart')
  return translate(new RegExp(portableSource(regExp), regExp.flags))
}

/** Before `configure` has run, which no client gets past. */
function notLoaded(option: string): TextPattern {
  const fail = (): never => {
    throw configError(`${option}: engine "re2" is loaded by configure, which has not run yet`)
  }
  return { groupCount: 0, groupNames: new Map(), test: fail, find: fail, replaceAll: fail }
}
