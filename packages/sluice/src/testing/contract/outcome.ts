import assert from 'node:assert/strict'
import { isKafkaError } from '../../errors.ts'
import { isObject, isPromise } from '../../interceptor/hook-call.ts'
import { isVerdict, type Verdict } from '../../record/verdict.ts'
import type { InterceptorContractOptions, RecordHook } from './contract-options.ts'
import type { Subject } from './subject.ts'

/** What came of a hook: a record, a verdict, or the KafkaError by which an interceptor that may fail records refuses one. */
export type Outcome<R> =
  | { readonly what: 'record'; readonly record: R }
  | { readonly what: 'verdict'; readonly verdict: Verdict }
  | { readonly what: 'refused' }

/** Calls a hook as a client does, and fails for what a client would count as the interceptor's failure. */
export async function outcomeOf<R extends object>(
  subject: Subject,
  hook: RecordHook,
  call: () => unknown,
  options: InterceptorContractOptions,
): Promise<Outcome<R>> {
  let returned: unknown
  try {
    const given = call()
    assert.ok(
      !isPromise(given) || mayPromise(hook, options),
      `${hook} returned a promise: each one costs; declare it with \`async\` if it must be`,
    )
    returned = await subject.settled(given, hook)
  } catch (error) {
    const { onError = 'continue' } = subject.interceptor
    if (isKafkaError(error) && onError !== 'continue') return { what: 'refused' }
    throw error
  }
  assert.ok(
    isObject(returned),
    `${hook} returned ${returned === null ? 'null' : typeof returned}; it must return what it was given, a changed copy, or a verdict`,
  )
  if (!isVerdict(returned)) return { what: 'record', record: returned as R }
  assertVerdict(hook, returned)
  return { what: 'verdict', verdict: returned }
}

export function assertVerdict(hook: string, verdict: Verdict): void {
  switch (verdict.verdict) {
    case 'drop':
      assert.ok(typeof verdict.reason === 'string' && verdict.reason !== '', `${hook}: drop needs a reason`)
      return
    case 'reject':
    case 'deadLetter':
      assert.ok(verdict.error instanceof Error, `${hook}: ${verdict.verdict} needs an Error`)
      return
    case 'emit':
      assert.ok(Array.isArray(verdict.records) && verdict.records.every(isObject), `${hook}: emit needs a list of records`)
      return
    default:
      assert.fail(`${hook} returned the verdict ${JSON.stringify((verdict as { verdict: unknown }).verdict)}, which does not exist`)
  }
}

function mayPromise(hook: RecordHook, { async = false }: InterceptorContractOptions): boolean {
  return async === true || (async !== false && async.includes(hook))
}
