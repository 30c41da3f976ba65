import { randomUUID } from 'node:crypto'
import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  type ConsumerRecord,
  commonOptions,
  type Headers,
  interceptorOptions,
  nonEmptyString,
  type ProducerInterceptor,
} from 'sluice'
import { kindOf } from '../option-checks.ts'
import { type ContextValues, currentContext, runInFresh } from './context-store.ts'

export { type ContextValues, currentContext, runWithContext } from './context-store.ts'

export interface ContextOptions extends CommonInterceptorOptions {
  /** The header with the correlation id. @default x-correlation-id */
  readonly correlationHeader?: string
  /** Makes an id where there is none: true a UUID, false leaves it out, a function makes its own. @default true */
  readonly generate?: boolean | (() => string | undefined)
  /** Other headers that go on from what is consumed to what is sent. @default none */
  readonly headers?: readonly string[]
  /** Values of headers that are longer, or have control characters, are not taken over from records. @default 256 */
  readonly maxLength?: number
}

export interface ContextInterceptor extends ProducerInterceptor, ConsumerInterceptor {
  /** Runs `fn` in the context of a record, for those who `poll` or `for await`. Returns what it returns. */
  runInContext<T>(record: ConsumerRecord, fn: () => T): T
}

/**
 * Carries a correlation id, and headers of choice, from what is consumed to what is sent: the handler runs in a context, and
 * what is sent in it gets its headers. `currentContext()` tells the values anywhere in between.
 */
export function context(options?: ContextOptions): ContextInterceptor {
  const {
    correlationHeader,
    generate,
    headers: carried,
    maxLength,
  } = interceptorOptions('context', options, {
    correlationHeader: { default: 'x-correlation-id', check: nonEmptyString },
    generate: {
      default: true,
      check: (value) =>
        typeof value === 'boolean' || typeof value === 'function' ? null : `must be true, false or a function, not ${kindOf(value)}`,
    },
    headers: {
      default: [],
      check: (value) =>
        Array.isArray(value) && value.every((one) => nonEmptyString(one) === null) ? null : 'must be a list of names of headers',
    },
    maxLength: {
      default: 256,
      check: (value) => (Number.isInteger(value) && (value as number) > 0 ? null : 'must be a whole number from 1'),
    },
  })
  const newId = typeof generate === 'function' ? generate : generate ? randomUUID : () => undefined

  /** Others wrote it: it goes into logs and further records. */
  function taken(headers: Headers, name: string): string | undefined {
    const value = headers.get(name)
    if (value === undefined || value === null || value.length === 0 || value.length > maxLength) return undefined
    const text = value.toString('utf8')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    return /[\u0000-\u001f\u007f]/.test(text) ? undefined : text
  }

  function headersOf(headers: Headers): Readonly<Record<string, string>> {
    const found: Record<string, string> = {}
    for (const name of carried) {
      const value = taken(headers, name)
      if (value !== undefined) found[name] = value
    }
    return found
  }

  function valuesOf({ topic, partition, offset, headers }: ConsumerRecord): ContextValues {
    return withId(taken(headers, correlationHeader), { headers: headersOf(headers), record: { topic, partition, offset } })
  }

  function withId(given: string | undefined, values: ContextValues): ContextValues {
    const correlationId = given ?? newId()
    return correlationId === undefined ? values : { correlationId, ...values }
  }

  return {
    ...commonOptions('context', options),
    runInContext: (record, fn) => runInFresh(valuesOf(record), fn),

    onSend(record) {
      const { headers } = record
      const values = currentContext()
      const id = values?.correlationId ?? (headers.has(correlationHeader) ? undefined : newId())
      if (id !== undefined) headers.set(correlationHeader, id)
      if (values?.headers !== undefined) {
        for (const name of carried) if (Object.hasOwn(values.headers, name)) headers.set(name, values.headers[name]!)
      }
      return record
    },

    handle: (record, next) => runInFresh(valuesOf(record), next),

    /** What all records of the batch have in common. */
    handleBatch({ topic, partition, records }, next) {
      const first = records[0]
      if (first === undefined) return next()
      const common = (name: string): string | undefined => {
        const value = taken(first.headers, name)
        return value !== undefined && records.every(({ headers }) => taken(headers, name) === value) ? value : undefined
      }
      const headers: Record<string, string> = {}
      for (const name of carried) {
        const value = common(name)
        if (value !== undefined) headers[name] = value
      }
      return runInFresh(withId(common(correlationHeader), { headers, record: { topic, partition } }), next)
    },
  }
}
