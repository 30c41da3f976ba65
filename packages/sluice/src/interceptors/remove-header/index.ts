import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  type Headers,
  interceptorOptions,
  type Logger,
  nonEmptyString,
  type ProducerInterceptor,
  silentLogger,
} from 'sluice'
import { kindOf } from '../option-checks.ts'
import { type Compat, compatRow, flumeOptions } from '../text/compat.ts'
import { javaSplit } from '../text/java-split.ts'
import { engineRow, type RegexEngine, regexOption, textPattern } from '../text/text-pattern.ts'

export interface RemoveHeaderOptions extends CommonInterceptorOptions {
  /** The name of one header, as it is written. @default none */
  readonly withName?: string
  /** Names in one text, or a list of names. @default none */
  readonly fromList?: string | readonly string[]
  /** A regular expression (Java's) for what stands between the names of a `fromList` that is one text. @default \s*,\s* */
  readonly fromListSeparator?: string
  /** A regular expression that must match the whole name. @default none */
  readonly matching?: string | RegExp
  /** What runs `matching`. @default re2 if re2js is installed, else javascript; javascript with `compat: 'flume'` */
  readonly engine?: RegexEngine
  /** `flume` reads `matching` as Java's, and logs what goes wrong with a record and lets it pass. @default none */
  readonly compat?: Compat
}

/** Names are few and come again: what `matching` said of them is kept for so many. */
const NAMES_KEPT = 1000
/** Others choose the names: a long one is judged anew each time, so that what is kept stays small. */
const LONGEST_NAME_KEPT = 200

/** Removes headers by name, list or regular expression; all three together if given, none of them is no work (Flume: remove_header). */
export function removeHeader(given?: RemoveHeaderOptions): ProducerInterceptor & ConsumerInterceptor {
  const options = flumeOptions(given, { texts: ['withName', 'fromList'] })
  const own = interceptorOptions<RemoveHeaderOptions>('removeHeader', options, {
    withName: { default: undefined, check: (value) => (value === undefined ? null : nonEmptyString(value)) },
    fromList: { default: undefined, check: nameList },
    fromListSeparator: { default: '\\s*,\\s*' },
    matching: { default: undefined, check: (value) => (value === undefined ? null : regexOption(value)) },
    engine: engineRow,
    compat: compatRow,
  })
  const { withName, compat, engine } = own as RemoveHeaderOptions
  const names = namesOf(own.fromList, own.fromListSeparator)
  const matching =
    own.matching === undefined
      ? undefined
      : textPattern({ option: 'removeHeader: matching', regex: own.matching, engine, compat: own.compat, whole: true })
  const known = new Map<string, boolean>()
  let logger: Logger = silentLogger

  function isRemoved(name: string): boolean {
    if (matching === undefined) return names.has(name)
    let removed = known.get(name)
    if (removed === undefined) {
      removed = names.has(name) || matching.current.test(name)
      if (known.size < NAMES_KEPT && name.length <= LONGEST_NAME_KEPT) known.set(name, removed)
    }
    return removed
  }

  function removeFrom(headers: Headers): void {
    if (withName !== undefined) headers.delete(withName)
    if (names.size === 0 && matching === undefined) return
    if (headers.size === 0) return
    let found: Set<string> | undefined
    for (const { key } of headers) if (isRemoved(key)) (found ??= new Set()).add(key)
    if (found !== undefined) headers.deleteAll(found)
  }

  function remove(headers: Headers): void {
    if (compat !== 'flume') {
      removeFrom(headers)
      return
    }
    try {
      removeFrom(headers)
    } catch (error) {
      logger.error('remove-header: a record passes with headers that were to be removed', { error })
    }
  }

  return {
    ...commonOptions('remove-header', options),
    configure(context) {
      logger = context.logger
      return matching?.load?.(context).then(() => known.clear())
    },
    onSend(record) {
      remove(record.headers)
      return record
    },
    onConsume(records) {
      for (const record of records) remove(record.headers)
      return records
    },
  }
}

function nameList(value: unknown): string | null {
  if (value === undefined || typeof value === 'string') return null
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return null
  return `must be a string or a list of strings, not ${kindOf(value)}`
}

function namesOf(fromList: string | readonly string[] | undefined, separator: string): ReadonlySet<string> {
  if (fromList === undefined) return new Set()
  return new Set(typeof fromList === 'string' ? javaSplit(fromList, separator, 'removeHeader: fromListSeparator') : fromList)
}
