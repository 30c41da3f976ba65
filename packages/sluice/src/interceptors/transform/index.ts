import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  type ConsumerRecord,
  type ConsumerRecords,
  commonOptions,
  configError,
  interceptorOptions,
  KafkaError,
  type ProducerInterceptor,
  type ProducerRecord,
  type Verdict,
} from 'sluice'
import { type JsonataExpression, jsonataExpression } from '../expression/jsonata-expression.ts'
import { kindOf, oneOf } from '../option-checks.ts'
import { RecordFailures } from '../record-failures.ts'
import { type CompiledStep, compileStep, type Target } from './compile-step.ts'
import { pathText } from './field-path.ts'
import { dataKind, FieldProblem } from './fields.ts'
import type { RecordWork } from './record-work.ts'
import type { TransformStep } from './transform-step.ts'

export type { CastType } from './cast.ts'
export type {
  FlattenStep,
  HoistStep,
  InsertStep,
  MaskStep,
  TimestampForm,
  TimestampFormatStep,
  TransformStep,
} from './transform-step.ts'

export interface TransformOptions extends CommonInterceptorOptions {
  /** What is done, in this order: `[{ rename: { id: 'orderId' } }, { mask: ['card'] }]`. @default none */
  readonly steps?: readonly TransformStep[]
  /** An expression that makes the new data, after the steps. Knows `$topic`, `$partition`, `$key`, `$value`, `$headers`, `$timestamp`; makes the hooks asynchronous. @default none */
  readonly jsonata?: string
  /** What of the record is changed: `value` or `key`. @default value */
  readonly target?: 'value' | 'key'
  /** What the data is: `object` as serializers take it, or `json`, text or bytes that are parsed and written again. @default object */
  readonly data?: 'object' | 'json'
}

/**
 * Changes the fields of values or keys, step by step (Connect's single message transforms, Flume's Morphline). The
 * application's objects are not written to. A null value passes, except through `hoist` and `valueToKey`.
 */
export function transform(options?: TransformOptions): ProducerInterceptor & ConsumerInterceptor {
  const { steps, jsonata, target, data } = interceptorOptions('transform', options, {
    steps: { default: [], check: (value) => (Array.isArray(value) ? null : `must be a list of steps, not ${kindOf(value)}`) },
    jsonata: {
      default: '',
      check: (value) => (typeof value === 'string' ? null : `must be an expression as a string, not ${kindOf(value)}`),
    },
    target: { default: 'value', check: oneOf('value', 'key') },
    data: { default: 'object', check: oneOf('object', 'json') },
  })
  const compiled = steps.map((step, index) => compileStep(step, index, target))
  if (compiled.length === 0 && jsonata === '') throw configError('transform: give steps or jsonata, or both')
  const common = { onError: 'fail' as const, ...commonOptions('transform', options) }
  const failures = new RecordFailures(common.name, common.onError)
  const isJson = data === 'json'
  let expression: JsonataExpression | undefined

  /** The record itself when nothing changed. */
  function changed<R extends ProducerRecord | ConsumerRecord>(record: R): R {
    const work: RecordWork = { record, key: record.key, value: record.value }
    if (isJson) decode(work, target)
    const { key, value } = work
    for (let index = 0; index < compiled.length; index++) runStep(compiled[index]!, index, work, target)
    if (work.key === key && work.value === value) return record
    if (!isJson) return { ...record, key: work.key, value: work.value }
    return {
      ...record,
      key: work.key === key ? record.key : encoded(work.key, target === 'key' ? record.key : record.value),
      value: work.value === value ? record.value : encoded(work.value, record.value),
    }
  }

  async function evaluated<R extends ProducerRecord | ConsumerRecord>(record: R): Promise<R> {
    const before = changed(record)
    const held = before[target]
    if (held === null || held === undefined) return before
    const { topic, partition, key, value, headers, timestamp } = before
    const texts = Object.fromEntries([...headers].map((header) => [header.key, header.value?.toString('utf8') ?? null]))
    const bindings = { topic, partition: partition ?? null, key, value, headers: texts, timestamp: timestamp ?? null }
    const made = await expression!.evaluate(isJson ? parsed(held) : held, bindings)
    if (made === undefined) throw problem('jsonata', 'the expression gave nothing; a null value would delete, so say null if it is meant')
    return { ...before, [target]: isJson ? encoded(made, held) : made }
  }

  const each = (record: ConsumerRecord): ConsumerRecord | Verdict => {
    try {
      return changed(record)
    } catch (error) {
      return failures.resolve(record, error)
    }
  }

  async function eachEvaluated(records: ConsumerRecords): Promise<ConsumerRecords> {
    const results = new Map<ConsumerRecord, ConsumerRecord | Verdict>()
    for (const record of records) {
      results.set(record, await evaluated(record).catch((error: unknown) => failures.resolve(record, error)))
    }
    return records.map((record) => results.get(record)!)
  }

  return {
    ...common,
    configure(context) {
      failures.configure(context)
      if (context.side !== 'consumer' && steps.some((step) => 'insert' in step && step.insert.offsetField !== undefined))
        throw configError('transform: insert.offsetField is for consumers; a record that is sent has no offset yet')
      if (jsonata === '') return
      return jsonataExpression('transform: jsonata', jsonata).then((found) => {
        expression = found
      })
    },
    onSend: (record) => (expression === undefined ? changed(record) : evaluated(record)),
    onConsume: (records) => (expression === undefined ? records.map(each) : eachEvaluated(records)),
  }
}

function runStep(step: CompiledStep, index: number, work: RecordWork, target: Target): void {
  try {
    step.run(work, target)
  } catch (error) {
    if (!(error instanceof FieldProblem)) throw error
    const where = error.path.length === 0 ? `the ${target}` : `field ${pathText(error.path)}`
    throw problem(`step ${index} (${step.kind})`, `${where} ${error.message}`, work.record.topic)
  }
}

function problem(where: string, what: string, topic?: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', `transform: ${where}: ${what}`, topic === undefined ? {} : { topic })
}

function decode(work: RecordWork, target: Target): void {
  work[target] = parsed(work[target])
}

function parsed(data: unknown): unknown {
  if (data === null || data === undefined) return data
  if (typeof data !== 'string' && !(data instanceof Uint8Array))
    throw problem('data: "json"', `the data must be text or bytes, not ${dataKind(data)}`)
  try {
    return JSON.parse(typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'))
  } catch {
    // The parser's message has a piece of the text in it.
    throw problem('data: "json"', 'the data is no JSON')
  }
}

/** Text where there was text, else bytes. */
function encoded(data: unknown, before: unknown): unknown {
  if (data === null || data === undefined) return null
  const text = JSON.stringify(data)
  return typeof before === 'string' ? text : Buffer.from(text, 'utf8')
}
