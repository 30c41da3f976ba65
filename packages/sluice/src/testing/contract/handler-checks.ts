import assert from 'node:assert/strict'
import { isKafkaError } from '../../errors.ts'
import { isObject } from '../../interceptor/hook-call.ts'
import { isVerdict } from '../../record/verdict.ts'
import { consumeContext, recordContext } from '../test-context.ts'
import type { AnyInterceptor, Check, InterceptorContractOptions, InterceptorFactory } from './contract-options.ts'
import { assertVerdict } from './outcome.ts'
import { polled, samples } from './samples.ts'
import { Subject } from './subject.ts'

type HandlerHook = 'handle' | 'handleBatch'

/** What `handle` and `handleBatch` promise the handler that they stand around. */
export function handlerChecks(
  factory: InterceptorFactory,
  options: InterceptorContractOptions,
  interceptor: AnyInterceptor,
): readonly Check[] {
  const use = (check: (subject: Subject) => unknown): Promise<void> => Subject.use(factory, options, check)
  const hooks = (['handle', 'handleBatch'] as const).filter((hook) => interceptor[hook] !== undefined)
  return hooks.flatMap((hook) => [
    {
      title: `${hook} calls next ${options.retries === true ? 'until it is through' : 'at most once'}, and ends after the handler has`,
      run: () =>
        use(async (subject) => {
          for (const call of callsOf(hook, subject.interceptor, options)) {
            let begun = 0
            let ended = 0
            const returned = call(async () => {
              begun++
              await new Promise((resolve) => setImmediate(resolve))
              ended++
            })
            const result = await settledOrRefused(subject, returned, hook)
            assert.equal(ended, begun, `${hook} did not wait for next: return or await its promise`)
            assert.ok(begun <= 1, `${hook} called next ${begun} times for a handler that did not fail`)
            assertResult(hook, result, begun)
          }
        }),
    },
    {
      title: `${hook} passes on what the handler throws, or deals with it`,
      run: () =>
        use(async (subject) => {
          for (const call of callsOf(hook, subject.interceptor, options)) {
            const thrown = new Error('what the handler threw')
            let begun = 0
            try {
              const returned = call(async () => {
                begun++
                throw thrown
              })
              assertResult(hook, await subject.settled(returned, hook), begun)
            } catch (error) {
              if (begun === 0) assertRefusal(subject, error)
              else assert.ok(isCausedBy(error, thrown), `${hook} replaced the handler's error; pass it on, or as the cause of another`)
            }
            if (options.retries !== true) assert.ok(begun <= 1, `${hook} called next ${begun} times; declare \`retries\` if it must`)
          }
        }),
    },
  ])
}

/** One call of the hook for each sample, each with the handler given. */
function callsOf(
  hook: HandlerHook,
  interceptor: AnyInterceptor,
  { record }: InterceptorContractOptions,
): readonly ((next: () => Promise<void>) => unknown)[] {
  const records = polled(samples(record))
  if (hook === 'handleBatch') return records.byPartition().map((batch) => (next) => interceptor.handleBatch!(batch, next, consumeContext()))
  return records
    .records({ topic: records.partitions()[0]!.topic, partition: 0 })
    .map((one) => (next) => interceptor.handle!(one, next, recordContext()))
}

async function settledOrRefused(subject: Subject, returned: unknown, hook: HandlerHook): Promise<unknown> {
  try {
    return await subject.settled(returned, hook)
  } catch (error) {
    assertRefusal(subject, error)
    return undefined
  }
}

function assertRefusal({ interceptor: { onError = 'continue' } }: Subject, error: unknown): void {
  if (!isKafkaError(error) || onError === 'continue') throw error
}

function assertResult(hook: HandlerHook, result: unknown, begun: number): void {
  if (result === undefined) return
  assert.ok(
    hook === 'handle' && isObject(result) && isVerdict(result),
    `${hook} must return nothing${hook === 'handle' ? ' or a verdict' : ''}`,
  )
  assertVerdict(hook, result)
  assert.equal(begun, 0, 'handle returned a verdict after it called next; the handler has had the record by then')
}

function isCausedBy(error: unknown, thrown: Error): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at === thrown) return true
  return false
}
