import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  configError,
  type InterceptorContext,
  interceptorOptions,
  type ProducerInterceptor,
} from 'sluice'
import { oneOf } from '../option-checks.ts'
import { RecordFailures } from '../record-failures.ts'
import { asBuffer } from '../text/body-text.ts'
import { type Charset, charsetOf, knownCharset } from '../text/charset.ts'
import { type Compat, compatRow, flumeOptions } from '../text/compat.ts'
import { javaReplacement } from '../text/java-replacement.ts'
import { engineRow, type RegexEngine, type Replacement, requiredRegex, type TextPattern, textPattern } from '../text/text-pattern.ts'

export interface SearchReplaceOptions extends CommonInterceptorOptions {
  /** Every place where it is found in the value is replaced. Required. */
  readonly searchPattern: string | RegExp
  /** What comes in its place: `$1` is a group, as in JavaScript; with `compat: 'flume'` as in Java. @default "", which deletes */
  readonly replaceString?: string
  /** How bytes are read and written: Java's or Node's name of a charset. @default utf-8 */
  readonly charset?: string
  /**
   * `record` works on values that are strings or bytes, where this stands in the list; `bytes` on what the serializer made
   * of any value, or before the deserializer reads it. @default record
   */
  readonly stage?: 'record' | 'bytes'
  /** What runs `searchPattern`. @default re2 if re2js is installed, else javascript; javascript with `compat: 'flume'` */
  readonly engine?: RegexEngine
  /**
   * `flume` reads `searchPattern` and `replaceString` as Java's, throws for a wrong group once it is used, and writes bytes
   * anew also where nothing was found, so that bytes which are no text are damaged. @default none
   */
  readonly compat?: Compat
}

/**
 * Replaces by a regular expression in the value (Flume: search_replace). Null stays null. Bytes in which nothing is found
 * are passed on as they are, and those that are no text come through unharmed around what is replaced. Because what it
 * leaves in may be a secret, `onError` is `'fail'` by default.
 */
export function searchReplace(given: SearchReplaceOptions): ProducerInterceptor & ConsumerInterceptor {
  const options = flumeOptions(given, { texts: ['searchPattern', 'replaceString'] })
  const own = interceptorOptions('searchReplace', options, {
    searchPattern: { default: '', check: requiredRegex },
    replaceString: { default: '' },
    charset: { default: 'utf-8', check: writableCharset },
    stage: { default: 'record', check: oneOf('record', 'bytes') },
    engine: engineRow,
    compat: compatRow,
  })
  const { replaceString, compat } = own
  const pattern = textPattern({ option: 'searchReplace: searchPattern', regex: own.searchPattern, engine: options?.engine, compat })
  const charset = charsetOf(own.charset)
  const bytesOf = compat === 'flume' ? rewritten : replacedExactly
  let replacement = replacementFor(pattern.current)

  function replacementFor(current: TextPattern): Replacement {
    if (!/[$\\]/.test(replaceString)) return { kind: 'literal', text: replaceString }
    return compat === 'flume'
      ? { kind: 'function', of: javaReplacement(replaceString, current) }
      : { kind: 'template', text: replaceString }
  }

  function replaced(text: string): string {
    return pattern.current.replaceAll(text, replacement)
  }

  function withReplaced(value: unknown): unknown {
    if (typeof value === 'string') return replaced(value)
    if (value === null || value === undefined) return value
    if (value instanceof Uint8Array) return bytesOf(value, charset, replaced)
    throw configError(
      `searchReplace: the value is neither a string nor bytes but ${typeof value}; set stage: "bytes" to replace in what is serialized`,
    )
  }

  const settings = { onError: 'fail' as const, ...commonOptions('search-replace', options) }
  const failures = new RecordFailures(settings.name, settings.onError)
  const common = {
    ...settings,
    configure(context: InterceptorContext) {
      failures.configure(context)
      return pattern.load?.(context).then(() => void (replacement = replacementFor(pattern.current)))
    },
  }

  /** The record itself if its value stays. */
  function changed<R extends { readonly value: unknown }>(record: R): R {
    const value = withReplaced(record.value)
    return value === record.value ? record : { ...record, value }
  }

  if (own.stage === 'bytes') return { ...common, onSerialized: changed, onFetched: changed }
  return { ...common, onSend: changed, onConsume: (records) => failures.map(records, changed) }
}

/** As Flume: read, and written again whatever was found. */
function rewritten(bytes: Uint8Array, charset: Charset, replaced: (text: string) => string): Buffer {
  return charset.encode!(replaced(charset.decode(asBuffer(bytes))))
}

function replacedExactly(bytes: Uint8Array, charset: Charset, replaced: (text: string) => string): Uint8Array {
  const text = charset.decodeExactly(asBuffer(bytes))
  if (text === null) throw configError('searchReplace: the bytes are no text of the charset')
  const after = replaced(text)
  return after === text ? bytes : charset.encodeExactly(after)
}

function writableCharset(value: unknown): string | null {
  const problem = knownCharset(value)
  if (problem !== null) return problem
  return charsetOf(value as string).encode === undefined ? `must be a charset that can be written, not ${JSON.stringify(value)}` : null
}
