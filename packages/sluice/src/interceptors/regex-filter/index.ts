import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  type ConsumerRecords,
  commonOptions,
  configError,
  drop,
  interceptorOptions,
  type ProducerInterceptor,
} from 'sluice'
import { RecordFailures } from '../record-failures.ts'
import { type TextTarget, textOf, textTarget } from '../text/body-text.ts'
import { charsetOf, knownCharset } from '../text/charset.ts'
import { type Compat, compatRow, flumeOptions } from '../text/compat.ts'
import { engineRow, type RegexEngine, regexOption, textPattern } from '../text/text-pattern.ts'

export interface RegexFilterOptions extends CommonInterceptorOptions {
  /** Searched for anywhere in the text (Java: `find`). @default .* */
  readonly regex?: string | RegExp
  /** False lets only records pass that match; true drops those that match. @default false */
  readonly excludeEvents?: boolean
  /** What is searched: `value`, `key` or `header:NAME`. @default value */
  readonly target?: TextTarget
  /** How bytes are read as text: Java's or Node's name of a charset. @default utf-8 */
  readonly charset?: string
  /** What runs `regex`. @default re2 if re2js is installed, else javascript; javascript with `compat: 'flume'` */
  readonly engine?: RegexEngine
  /**
   * `flume` reads `regex` as Java's and booleans as Flume does, accepts `excludeEvents: true` without a `regex`, which
   * drops every record, and has `onError: 'fail'` as default. @default none
   */
  readonly compat?: Compat
}

/**
 * Lets records pass or drops them by a regular expression over the value (Flume: regex_filter). A string is searched as
 * it is, bytes as text in `charset`, null as an empty text, and anything else as its JSON.
 */
export function regexFilter(given?: RegexFilterOptions): ProducerInterceptor & ConsumerInterceptor {
  const options = flumeOptions(given, { booleans: ['excludeEvents'], texts: ['regex'] })
  const { regex, excludeEvents, target, charset, compat } = interceptorOptions('regexFilter', options, {
    regex: { default: '.*', check: regexOption },
    excludeEvents: { default: false },
    target: { default: 'value', check: textTarget },
    charset: { default: 'utf-8', check: knownCharset },
    engine: engineRow,
    compat: compatRow,
  })
  if (excludeEvents && options?.regex === undefined && compat !== 'flume') {
    throw configError('regexFilter: excludeEvents without a regex drops every record; give a regex, or compat: "flume" if that is meant')
  }
  const pattern = textPattern({ option: 'regexFilter: regex', regex, engine: options?.engine, compat })
  const read = textOf(target, charsetOf(charset))
  const dropped = drop(excludeEvents ? 'matches the regex' : 'does not match the regex')

  const common = { ...(compat === 'flume' ? { onError: 'fail' as const } : {}), ...commonOptions('regex-filter', options) }
  const failures = new RecordFailures(common.name, common.onError ?? 'continue')
  const mayPass = (record: Parameters<typeof read>[0]): boolean => pattern.current.test(read(record)) !== excludeEvents

  function onConsume(records: ConsumerRecords): ConsumerRecords {
    try {
      return records.filter(mayPass)
    } catch {
      // One of them cannot be read as text; the others are asked again.
      return failures.map(records, (record) => (mayPass(record) ? record : dropped))
    }
  }

  return {
    ...common,
    configure(context) {
      failures.configure(context)
      return pattern.load?.(context)
    },
    onSend: (record) => (mayPass(record) ? record : dropped),
    onConsume,
  }
}
