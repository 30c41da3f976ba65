import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConsumerInterceptor, ProducerInterceptor } from 'sluice'
import { type CommonInterceptorOptions, commonOptions, interceptorOptions } from '../interceptor/interceptor-options.ts'
import { type AnyInterceptor, type EntryProblem, makeInterceptor, withoutValues } from './interceptor-maker.ts'

interface SampleOptions extends CommonInterceptorOptions {
  readonly count?: number
  readonly isOn?: boolean
  readonly label?: string
  readonly tags?: readonly string[]
  readonly mode?: 'a' | 'b'
  readonly limit?: number | undefined
}

const record = (value: unknown): string | null => (value === undefined || typeof value === 'number' ? null : 'must be a number')

function sample(given?: SampleOptions): ProducerInterceptor & { own: object } {
  // A copy, as some factories make one.
  const options = { ...given }
  const own = interceptorOptions<SampleOptions>('sample', options, {
    count: { default: 1 },
    isOn: { default: false },
    label: { default: '' },
    tags: { default: [], check: (value) => (Array.isArray(value) ? null : 'must be a list') },
    mode: { default: 'a', check: (value) => (value === 'a' || value === 'b' ? null : `must be "a" or "b", not ${String(value)}`) },
    limit: { default: undefined, check: record },
  })
  return { ...commonOptions('sample', options), own, onSend: (record) => record }
}

function made(exported: unknown, options: Record<string, unknown>, isText = false): AnyInterceptor & { own?: object } {
  const result = makeInterceptor(exported, { side: 'producer', options, isText: () => isText })
  if ('problems' in result) throw new assert.AssertionError({ message: JSON.stringify(result.problems) })
  return result.interceptor
}

function problemsOf(exported: unknown, options: Record<string, unknown>, isText = false): readonly EntryProblem[] {
  const result = makeInterceptor(exported, { side: 'producer', options, isText: () => isText })
  return 'problems' in result ? result.problems : []
}

test('interceptor maker - text becomes what the option wants, and stays text where text is wanted', () => {
  const texts = {
    count: ' 5',
    isOn: 'TRUE',
    label: '12',
    tags: 'x, y',
    mode: 'b',
    limit: '7',
    timeoutMs: '100',
    topics: 'a,b',
    onError: 'fail',
  }
  const interceptor = made(sample, texts, true)
  assert.deepEqual(interceptor.own, { count: 5, isOn: true, label: '12', tags: ['x', 'y'], mode: 'b', limit: 7 })
  assert.deepEqual([interceptor.timeoutMs, interceptor.topics, interceptor.onError], [100, ['a', 'b'], 'fail'])
  assert.equal(made(sample, { topics: 'web{1,2}' }, true).topics, 'web{1,2}')
  assert.deepEqual(made(sample, { disableAfter: '3' }, true).disableAfter, 3)
  assert.deepEqual(made(sample, { when: '{"not": "a"}' }, true).when, { not: 'a' })
  assert.deepEqual(
    problemsOf(sample, { count: '5', isOn: 'true' }).map(({ option }) => option),
    ['count', 'isOn'],
  )
  assert.deepEqual(
    problemsOf(sample, { count: 'five', isOn: 'perhaps', limit: 'no', timeoutMs: 'soon' }, true).map(({ option }) => option),
    ['timeoutMs', 'count', 'isOn', 'limit'],
  )
})

test('interceptor maker - each option that is wrong is told by itself, without its value', () => {
  const problems = problemsOf(sample, { cuont: 1, mode: 's3cret', name: '', disableAfter: { failures: 0, slow: 1 }, when: { nto: 'x' } })
  assert.deepEqual(problems, [
    { option: 'name', message: 'name must be a non-empty string, not an empty one' },
    { option: 'disableAfter', message: 'disableAfter has no "slow"; it takes failures, slowMs, retryAfterMs' },
    { option: 'when', message: 'when has no "nto"; it takes not, clients, groups, header, internalTopics' },
    { option: 'cuont', message: 'unknown option "cuont"; did you mean "count"?' },
    { option: 'mode', message: 'mode must be "a" or "b", not …' },
  ])
})

/** The names of the hooks among an interface's properties. */
type Hook<I> = { [K in keyof I]-?: NonNullable<I[K]> extends (...args: any[]) => unknown ? K : never }[keyof I]
type Both = ProducerInterceptor & ConsumerInterceptor

test('interceptor maker - an interceptor that knows no common options gets them all the same, and keeps every hook and its private fields', () => {
  const calls: string[] = []
  class Private {
    readonly name = 'private'
    readonly #calls = calls
    readonly paired = true
    readonly needsRecordAudit = true
    call(hook: string): any {
      this.#calls.push(hook)
    }
  }
  // A hook that is missing here does not compile.
  const hooks: Readonly<Record<Hook<Both>, true>> = {
    onSend: true,
    onSerialized: true,
    onAcknowledgement: true,
    onFetched: true,
    onConsume: true,
    handle: true,
    handleBatch: true,
    onCommit: true,
    configure: true,
    onClusterUpdate: true,
    close: true,
  }
  for (const hook of Object.keys(hooks)) {
    Object.defineProperty(Private.prototype, hook, {
      value(this: Private) {
        this.call(hook)
      },
    })
  }
  const settings: Required<CommonInterceptorOptions> = {
    name: 'other',
    onError: 'fail',
    topics: 'a',
    when: { not: 'b' },
    timeoutMs: 5,
    disableAfter: 3,
  }
  const all: Readonly<Record<Exclude<keyof Both, Hook<Both>>, unknown>> = { ...settings, paired: true, needsRecordAudit: true }
  const interceptor = made(Private, settings)
  for (const [name, value] of Object.entries(all)) assert.deepEqual(interceptor[name as keyof Both], value, name)
  for (const hook of Object.keys(hooks)) (interceptor[hook as Hook<Both>] as () => void)()
  assert.deepEqual(calls, Object.keys(hooks))

  const plain = { name: 'plain', onSend: (record: object) => record }
  assert.equal(made(plain, {}), plain)
  assert.equal(made(plain, { name: 'plain' }), plain)
  assert.notEqual(made(plain, { topics: 'a' }), plain)
})

test('interceptor maker - what is no interceptor, or works on the other side only, is told', async () => {
  const told = (exported: unknown, side: 'producer' | 'consumer' = 'producer'): string | undefined => {
    const result = makeInterceptor(exported, { side, options: {}, isText: () => false })
    return 'problems' in result ? result.problems.map(({ message }) => message).join() : undefined
  }
  assert.match(told(() => 5) ?? '', /gives no interceptor: .* not number/)
  assert.match(told(() => null) ?? '', /not null/)
  assert.match(told({ name: 'x' }) ?? '', /gives no interceptor/)
  assert.match(told(async () => Promise.reject(new Error('nobody sees it'))) ?? '', /gave a promise/)
  assert.match(
    told(() => {
      throw 'text'
    }) ?? '',
    /threw no Error/,
  )
  const onConsume = (records: object): object => records
  assert.match(told({ name: 'x', configure() {}, onConsume }) ?? '', /no hook that a producer calls/)
  assert.equal(told({ name: 'x', configure() {}, onConsume }, 'consumer'), undefined)
  assert.equal(told({ name: 'x', onClusterUpdate() {} }), undefined)
  await new Promise((resolve) => setImmediate(resolve))
})

test('interceptor maker - no value of a configuration is left in a message', () => {
  const texts = fc.string({ minLength: 2, unit: 'binary-ascii' }).filter((text) => text.trim().length > 1)
  fc.assert(
    fc.property(texts, (secret) => {
      const cleaned = withoutValues(`before "${secret}", ${JSON.stringify(secret)} after`, { deep: [{ secret }] })
      assert.ok(!cleaned.includes(`"${secret}"`), cleaned)
    }),
  )
  assert.equal(withoutValues('port 9092, not 90921', { port: 9092 }), 'port …, not 90921')
})
