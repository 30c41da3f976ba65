import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  type ConsumerRecord,
  commonOptions,
  configError,
  interceptorOptions,
  type Logger,
  type ProducerInterceptor,
  type ProducerRecord,
  silentLogger,
} from 'sluice'
import { oneOf } from '../option-checks.ts'
import { RecordFailures, reasonOf } from '../record-failures.ts'
import { type TextTarget, textOf, textTarget } from '../text/body-text.ts'
import { charsetOf, knownCharset } from '../text/charset.ts'
import { type Compat, compatRow, flumeOptions } from '../text/compat.ts'
import { engineRow, type Groups, type RegexEngine, requiredRegex, textPattern } from '../text/text-pattern.ts'
import { type GroupSerializerInit, serializersOf } from './serializers.ts'

export type { GroupSerializer, GroupSerializerInit, SerializeFunction } from './serializers.ts'

export interface RegexExtractorOptions extends CommonInterceptorOptions {
  /** Searched for anywhere in the text; the groups of the first place are written. Required. */
  readonly regex: string | RegExp
  /**
   * The first is for group 1, and so on: a list, or Flume's form, names with blanks between them, to which
   * `'serializers.NAME.name'` and the like belong. Required.
   */
  readonly serializers: readonly GroupSerializerInit[] | string
  /** Flume's form of the serializers' settings, as `'serializers.s1.name': 'level'`. */
  readonly [property: `serializers.${string}`]: unknown
  /** What is searched: `value`, `key` or `header:NAME`. @default value */
  readonly target?: TextTarget
  /** How bytes are read as text: Java's or Node's name of a charset. @default utf-8 */
  readonly charset?: string
  /** What becomes of the header of a group that took no part: `skip` leaves it alone, `null` writes null. @default skip; null with `compat: 'flume'` */
  readonly onUnmatchedGroup?: 'skip' | 'null'
  /** A serializer throws: `skip` leaves its header alone, with one warning; `fail` does as `onError` says. @default skip; fail with `compat: 'flume'` */
  readonly onSerializerError?: 'skip' | 'fail'
  /** What runs `regex`. @default re2 if re2js is installed, else javascript; javascript with `compat: 'flume'` */
  readonly engine?: RegexEngine
  /**
   * `flume` reads `regex` as Java's, writes null for a group that took no part, throws where a serializer does, and has
   * `onError: 'fail'` as default. @default none
   */
  readonly compat?: Compat
}

/**
 * Writes what a regular expression finds in the value into headers, one for each group (Flume: regex_extractor). The value
 * stays as it is; a header that is there already is replaced. Text is read as in regexFilter.
 */
export function regexExtractor(given: RegexExtractorOptions): ProducerInterceptor & ConsumerInterceptor {
  const { options, properties } = split(flumeOptions(given, { texts: ['regex'] }) as RegexExtractorOptions)
  const isFlume = options?.compat === 'flume'
  const own = interceptorOptions<RegexExtractorOptions>('regexExtractor', options, {
    regex: { default: '', check: requiredRegex },
    serializers: { default: '', check: serializerList },
    target: { default: 'value', check: textTarget },
    charset: { default: 'utf-8', check: knownCharset },
    onUnmatchedGroup: { default: isFlume ? 'null' : 'skip', check: oneOf('skip', 'null') },
    onSerializerError: { default: isFlume ? 'fail' : 'skip', check: oneOf('skip', 'fail') },
    engine: engineRow,
    compat: compatRow,
  })
  const pattern = textPattern({ option: 'regexExtractor: regex', regex: own.regex, engine: options?.engine, compat: own.compat })
  const serializers = read(() => serializersOf(own.serializers, properties))
  const textIn = textOf(own.target, charsetOf(own.charset))
  const writesNull = own.onUnmatchedGroup === 'null'
  const skipsErrors = own.onSerializerError === 'skip'
  let logger: Logger = silentLogger
  let hasWarned = false
  /** Of the record at hand, by serializer; undefined for a header that stays as it is. */
  const written: (string | null | undefined)[] = []

  function extract(record: ProducerRecord | ConsumerRecord): void {
    const groups = pattern.current.find(textIn(record))
    if (groups === null) return
    const count = Math.min(serializers.length, groups.length - 1)
    // All are made before the first is written: a serializer that throws leaves no half of them.
    for (let index = 0; index < count; index++) written[index] = headerOf(groups, index)
    for (let index = 0; index < count; index++) {
      const value = written[index]
      if (value !== undefined) record.headers.set(serializers[index]!.header, value)
    }
  }

  function headerOf(groups: Groups, index: number): string | null | undefined {
    const { header, serialize } = serializers[index]!
    const group = groups[index + 1]
    try {
      if (group != null) return serialize(group)
      if (!writesNull) return undefined
      // Flume hands the null on, which its pass-through serializer bears and its millis one does not.
      return isFlume ? serialize(null as never) : null
    } catch (error) {
      if (!skipsErrors) throw error
      if (!hasWarned) {
        const reason = reasonOf(error)
        logger.warn('regex-extractor: a serializer failed and its header is left out; this is said once', { header, reason })
      }
      hasWarned = true
      return undefined
    }
  }

  const common = { ...(isFlume ? { onError: 'fail' as const } : {}), ...commonOptions('regex-extractor', options) }
  const failures = new RecordFailures(common.name, common.onError ?? 'continue')

  return {
    ...common,
    configure(context) {
      failures.configure(context)
      logger = context.logger
      const warnOfRest = (): void => {
        const { groupCount } = pattern.current
        if (serializers.length <= groupCount) return
        logger.warn('regex-extractor: there are more serializers than groups in the regex; the rest are never used', {
          groups: groupCount,
          serializers: serializers.length,
        })
      }
      if (pattern.load === undefined) return warnOfRest()
      return pattern.load(context).then(warnOfRest)
    },
    onSend(record) {
      extract(record)
      return record
    },
    onConsume: (records) => failures.forEach(records, extract),
  }
}

/** Flume's properties of serializers apart from the options. */
function split(given: RegexExtractorOptions): {
  readonly options: RegexExtractorOptions
  readonly properties: Readonly<Record<string, unknown>>
} {
  if (typeof given !== 'object' || given === null) return { options: given, properties: {} }
  const isProperty = ([name]: [string, unknown]): boolean => name.startsWith('serializers.')
  const entries = Object.entries(given)
  return {
    options: Object.fromEntries(entries.filter((entry) => !isProperty(entry))) as unknown as RegexExtractorOptions,
    properties: Object.fromEntries(entries.filter(isProperty)),
  }
}

function read<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw configError(`regexExtractor: ${(error as Error).message}`)
  }
}

function serializerList(value: unknown): string | null {
  return typeof value === 'string' || Array.isArray(value) ? null : 'must be a list of serializers, or their names in one string'
}
