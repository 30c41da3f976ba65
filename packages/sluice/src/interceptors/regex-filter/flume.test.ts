// The cases of Flume's TestRegexFilteringInterceptor, and the edges of its source
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError } from 'sluice'
import { interceptorContract, recordContext, recordOf, testContext } from 'sluice/testing'
import { type RegexFilterOptions, regexFilter } from './index.ts'

async function passes(options: RegexFilterOptions, value: unknown, rest: Record<string, unknown> = {}): Promise<boolean> {
  const interceptor = regexFilter(options)
  await interceptor.configure?.(testContext())
  const record = recordOf({ value, ...rest })
  const returned = interceptor.onSend?.(record, recordContext())
  if (returned === record) return true
  assert.equal((returned as { verdict?: string }).verdict, 'drop')
  return false
}

for (const compat of ['none', 'flume'] as const) {
  test(`TestRegexFilteringInterceptor.testDefaultBehavior - any record passes (${compat})`, async () => {
    for (const value of ['test', '', null, Buffer.from([0xff])]) assert.equal(await passes({ compat }, value), true)
  })

  test(`TestRegexFilteringInterceptor.testInclusion - only what matches passes (${compat})`, async () => {
    const options = { compat, regex: '(INFO.*)|(WARNING.*)', excludeEvents: false }
    assert.equal(await passes(options, 'INFO: some message'), true)
    assert.equal(await passes(options, 'WARNING: some message'), true)
    assert.equal(await passes(options, 'DEBUG: some message'), false)
  })

  test(`TestRegexFilteringInterceptor.testExclusion - what matches does not (${compat})`, async () => {
    const options = { compat, regex: '.*DEBUG.*', excludeEvents: true }
    assert.equal(await passes(options, 'INFO: some message'), true)
    assert.equal(await passes(options, 'WARNING: some message'), true)
    assert.equal(await passes(options, 'this message has DEBUG in it'), false)
  })

  test(`regexFilter - it searches, and does not match the whole (${compat})`, async () => {
    assert.equal(await passes({ compat, regex: 'b' }, Buffer.from('abc')), true)
    assert.equal(await passes({ compat, regex: '^b' }, Buffer.from('abc')), false)
  })
}

test('regexFilter - exclude with the default regex drops all, also an empty value', async () => {
  for (const value of ['', 'x', null]) assert.equal(await passes({ compat: 'flume', excludeEvents: 'true' as never }, value), false)
})

test('regexFilter - the empty regex is found everywhere, as in Java', async () => {
  for (const compat of ['none', 'flume'] as const) {
    assert.equal(await passes({ compat, regex: '' }, 'x'), true)
    assert.equal(await passes({ compat, regex: '', excludeEvents: true }, ''), false)
  }
})

test("regexFilter - Flume's booleans: yes is not true", async () => {
  assert.equal(await passes({ compat: 'flume', regex: 'x', excludeEvents: 'yes' as never }, 'x'), true)
  assert.equal(await passes({ compat: 'flume', regex: 'x', excludeEvents: ' TRUE ' as never }, 'x'), false)
})

test("regexFilter - with compat a pattern is Java's: line ends, quotes, classes, possessive", async () => {
  const java = (regex: string, value: string): Promise<boolean> => passes({ compat: 'flume', regex }, value)
  assert.equal(await java('error$', 'an error\r\n'), true)
  assert.equal(await java('^.*$', 'a\u0085'), true)
  assert.equal(await java('\\Q[x]\\E', 'a [x]'), true)
  assert.equal(await java('^[a-z&&[^b]]+$', 'abc'), false)
  assert.equal(await java('^a++a', 'aaa'), false)
  assert.equal(await java('(?i)é', 'É'), false)
  assert.throws(
    () => regexFilter({ compat: 'flume', regex: '(' }),
    (error) => isKafkaError(error) && error.code === 'CONFIG' && /regexFilter: regex/.test(error.message),
  )
})

test('regexFilter - a failure fails the send with compat, as in Flume it fails the batch', () => {
  assert.equal(regexFilter({ compat: 'flume' }).onError, 'fail')
  assert.equal(regexFilter({ compat: 'flume', onError: 'continue' }).onError, 'continue')
  assert.equal(regexFilter().onError, undefined)
})

test('regexFilter - target names what is searched: key, or a header', async () => {
  assert.equal(await passes({ regex: '^k', target: 'key' }, 'v', { key: 'k1' }), true)
  assert.equal(await passes({ regex: '^k', target: 'key' }, 'k', { key: null }), false)
  assert.equal(await passes({ regex: '^eu$', target: 'header:dc' }, 'v', { headers: { dc: 'eu' } }), true)
  assert.equal(await passes({ regex: '^eu$', target: 'header:dc' }, 'v'), false)
  assert.throws(() => regexFilter({ target: 'header:' as never }), /target must be "value", "key" or "header:NAME"/)
})

test('regexFilter - a hostile value takes no time by default, as RE2 does not backtrack', async () => {
  assert.equal(await passes({ regex: '(a+)+$' }, `${'a'.repeat(100_000)}!`), false)
  assert.equal(await passes({ regex: '(a+)+$', engine: 're2' }, `${'a'.repeat(100_000)}!`), false)
  assert.equal(await passes({ compat: 'flume', engine: 're2', regex: '(a|a)*$' }, `${'a'.repeat(10_000)}!`), true)
})

test('regexFilter - RE2 and JavaScript agree on what a dot and a blank are', async () => {
  for (const engine of ['re2', 'javascript'] as const) {
    assert.equal(await passes({ engine, regex: '^a.b$' }, 'a\rb'), false)
    assert.equal(await passes({ engine, regex: '^a[.]b$' }, 'a.b'), true)
    assert.equal(await passes({ engine, regex: '^a\\sb$' }, 'a\u00a0b'), true)
    assert.equal(await passes({ engine, regex: '^a[\\s]b$' }, 'a\u2003b'), true)
    assert.equal(await passes({ engine, regex: '^\\S$' }, '\u00a0'), false)
    assert.equal(await passes({ engine, regex: /^A.B$/is }, 'a\nb'), true)
    assert.equal(await passes({ engine, regex: '(?i)ERR\\.' }, 'err.'), true)
  }
})

test('regexFilter - what RE2 does not know runs on JavaScript with a warning, or is refused when RE2 was asked for', async () => {
  const context = testContext()
  const interceptor = regexFilter({ regex: '(?=b)b\\1|(b)' })
  await interceptor.configure?.(context)
  assert.deepEqual(
    context.logger.lines.map(({ level }) => level),
    ['warn'],
  )
  assert.equal(await passes({ regex: 'a(?=b)' }, 'ab'), true)
  await assert.rejects(async () => await regexFilter({ regex: 'a(?=b)', engine: 're2' }).configure?.(context), /RE2 does not know/)
})

test("regexFilter - with engine re2 a string may be RE2's own syntax", async () => {
  assert.equal(await passes({ engine: 're2', regex: '\\Aa(?P<rest>.*)\\z' }, 'abc'), true)
  assert.throws(() => regexFilter({ engine: 're2', regex: '\\Aa' }).onSend?.(recordOf(), recordContext()), /configure, which has not run/)
})

interceptorContract((options?: RegexFilterOptions) => regexFilter({ regex: 'no-such-text', excludeEvents: true, ...options }))
