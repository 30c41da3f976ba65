import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  type ConsumerRecord,
  type ConsumerRecords,
  commonOptions,
  drop,
  interceptorOptions,
  KafkaError,
  nonEmptyString,
  type ProducerInterceptor,
  type ProducerRecord,
  type Verdict,
} from 'sluice'
import { celExpression } from '../expression/cel-expression.ts'
import { inputReader, type ReadableRecord } from '../expression/expression-input.ts'
import { jsonataExpression } from '../expression/jsonata-expression.ts'
import { kindOf, oneOf } from '../option-checks.ts'
import { RecordFailures } from '../record-failures.ts'

export type { ReadableRecord } from '../expression/expression-input.ts'

/** What `expression` is written in. */
export type FilterLanguage = 'cel' | 'jsonata'

export interface FilterOptions extends CommonInterceptorOptions {
  /**
   * Says of a record whether it is meant: an expression over `topic`, `partition`, `key`, `value`, `headers` (by name, the last
   * value as text) and `timestamp`, or a function of the record that returns true, false or a promise of one.
   */
  readonly expression: string | ((record: ReadableRecord) => boolean | PromiseLike<boolean>)
  /** Of an expression that is a string. JSONata makes the hooks asynchronous. @default cel */
  readonly language?: FilterLanguage
  /** True lets only those pass that are meant; false drops them. @default true */
  readonly keep?: boolean
  /** The reason of the drop, as metadata and statistics have it. @default does not match the filter; with keep: false matches the filter */
  readonly reason?: string
}

type Test = (record: ReadableRecord) => boolean | Promise<boolean>

const NAMES = ['topic', 'partition', 'key', 'value', 'headers', 'timestamp']

/** Lets records pass or drops them by an expression in CEL or JSONata, or by a function. */
export function filter(options: FilterOptions): ProducerInterceptor & ConsumerInterceptor {
  const { expression, language, keep, reason } = interceptorOptions('filter', options, {
    expression: { default: '', check: expressionProblem },
    language: { default: 'cel', check: oneOf('cel', 'jsonata') },
    keep: { default: true },
    reason: { default: options?.keep === false ? 'matches the filter' : 'does not match the filter', check: nonEmptyString },
  })
  const common = commonOptions('filter', options)
  const failures = new RecordFailures(common.name, common.onError ?? 'continue')
  const dropped = drop(reason)
  let test: Test = typeof expression === 'function' ? byFunction(expression) : notCompiled

  function judge<R>(record: R, isMeant: boolean): R | Verdict {
    return isMeant === keep ? record : dropped
  }

  function onConsume(records: ConsumerRecords): ConsumerRecords | Promise<ConsumerRecords> {
    const results = new Map<ConsumerRecord, ConsumerRecord | Verdict>()
    const waits: Promise<void>[] = []
    for (const record of records) {
      try {
        const isMeant = test(record)
        if (typeof isMeant === 'boolean') results.set(record, judge(record, isMeant))
        else
          waits.push(
            isMeant.then(
              (found) => void results.set(record, judge(record, found)),
              (error: unknown) => void results.set(record, failures.resolve(record, error)),
            ),
          )
      } catch (error) {
        results.set(record, failures.resolve(record, error))
      }
    }
    const judged = (): ConsumerRecords => records.map((record) => results.get(record)!)
    return waits.length === 0 ? judged() : Promise.all(waits).then(judged)
  }

  return {
    ...common,
    configure(context) {
      failures.configure(context)
      if (typeof expression !== 'string') return
      const compiled = language === 'cel' ? byCel(expression) : byJsonata(expression)
      return compiled.then((found) => {
        test = found
      })
    },
    onSend(record: ProducerRecord) {
      const isMeant = test(record)
      return typeof isMeant === 'boolean' ? judge(record, isMeant) : isMeant.then((found) => judge(record, found))
    },
    onConsume,
  }
}

async function byCel(source: string): Promise<Test> {
  const { evaluate } = await celExpression('filter: expression', source, NAMES)
  const read = inputReader(source)
  return (record) => decided(evaluate({ ...read(record) }))
}

async function byJsonata(source: string): Promise<Test> {
  const { evaluate } = await jsonataExpression('filter: expression', source)
  const read = inputReader(source)
  // In JSONata what is not there is undefined, and so is what is compared with it.
  return async (record) => decided((await evaluate(read(record))) ?? false)
}

function byFunction(given: (record: ReadableRecord) => unknown): Test {
  return (record) => {
    const result = given(record)
    return isPromise(result) ? Promise.resolve(result).then(decided) : decided(result)
  }
}

/** Anything else is a mistake in the expression, such as a function without a return, and would drop every record. */
function decided(result: unknown): boolean {
  if (typeof result === 'boolean') return result
  throw new KafkaError('INVALID_ARGUMENT', `filter: expression gave ${kindOf(result)}; it must give true or false`)
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

function expressionProblem(value: unknown): string | null {
  if (typeof value === 'function' || (typeof value === 'string' && value.trim() !== '')) return null
  return `must be an expression or a function, not ${value === undefined || value === '' ? 'empty' : kindOf(value)}`
}

/** Before `configure` has run, which no client gets past. */
function notCompiled(): never {
  throw new KafkaError('ILLEGAL_STATE', 'filter: the expression is compiled by configure, which has not run yet')
}
