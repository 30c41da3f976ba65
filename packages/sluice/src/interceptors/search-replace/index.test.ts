// The cases of Flume's TestSearchAndReplaceInterceptor, the edges of its source, and what is new here
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConsumerRecords, isKafkaError } from 'sluice'
import {
  consumerRecordsOf,
  interceptorContract,
  rawRecordOf,
  recordContext,
  recordOf,
  serializedRecordOf,
  testContext,
} from 'sluice/testing'
import { type SearchReplaceOptions, searchReplace } from './index.ts'

async function replaced(options: SearchReplaceOptions, value: unknown): Promise<unknown> {
  const interceptor = searchReplace(options)
  await interceptor.configure?.(testContext())
  return (interceptor.onSend!(recordOf({ value }), recordContext()) as { value: unknown }).value
}

for (const compat of ['none', 'flume'] as const) {
  const assertReplaced = async (options: Omit<SearchReplaceOptions, 'compat'>, input: string, output: string): Promise<void> => {
    assert.equal(String(await replaced({ compat, ...options }, Buffer.from(input))), output)
    assert.equal(await replaced({ compat, ...options }, input), output)
  }

  test(`TestSearchAndReplaceInterceptor.testRemovePrefix (${compat})`, async () => {
    await assertReplaced({ searchPattern: '^prefix', replaceString: '' }, 'prefix non-prefix suffix', ' non-prefix suffix')
  })

  test(`TestSearchAndReplaceInterceptor.testSyslogStripPriority (${compat})`, async () => {
    const line = 'Feb  5 17:32:18 10.0.0.99 Use the BFG!'
    await assertReplaced({ searchPattern: '^<[0-9]+>', replaceString: '' }, `<13>${line}`, line)
  })

  test(`TestSearchAndReplaceInterceptor.testCapturedGroups (${compat})`, async () => {
    await assertReplaced(
      { searchPattern: 'The quick brown ([a-z]+) jumped over the lazy ([a-z]+).', replaceString: 'The hungry $2 ate the careless $1.' },
      'The quick brown fox jumped over the lazy dog.',
      'The hungry dog ate the careless fox.',
    )
  })

  test(`TestSearchAndReplaceInterceptor.testRepeatedRemoval (${compat})`, async () => {
    await assertReplaced(
      { searchPattern: '[A-Za-z0-9_.]+@[A-Za-z0-9_-]+\\.com', replaceString: 'REDACTED' },
      'Email addresses: test@test.com and foo@test.com',
      'Email addresses: REDACTED and REDACTED',
    )
  })

  test(`TestSearchAndReplaceInterceptor.testReplaceEmpty - no replaceString deletes, as an empty one does (${compat})`, async () => {
    await assertReplaced({ searchPattern: '^[A-Za-z0-9_]+' }, 'Abc123@test.com', '@test.com')
    await assertReplaced({ searchPattern: '^[A-Za-z0-9_]+', replaceString: '' }, 'Abc123@test.com', '@test.com')
  })

  test(`searchReplace - searchPattern is required (${compat})`, () => {
    for (const options of [{ compat }, { compat, searchPattern: '' }]) {
      assert.throws(
        () => searchReplace(options as never),
        (error) => isKafkaError(error) && error.code === 'CONFIG' && /searchPattern must not be empty/.test(error.message),
      )
    }
  })

  test(`searchReplace - an unknown charset is refused when it is made (${compat})`, () => {
    assert.throws(() => searchReplace({ compat, searchPattern: 'a', charset: 'klingon' }), /charset must be a charset that is known/)
    assert.throws(
      () => searchReplace({ compat, searchPattern: 'a', charset: 'Shift_JIS' }),
      /charset must be a charset that can be written/,
    )
  })

  test(`searchReplace - bytes are read and written in the charset (${compat})`, async () => {
    const value = await replaced({ compat, searchPattern: 'é', replaceString: 'ü€', charset: 'ISO-8859-1' }, Buffer.from([0x61, 0xe9]))
    assert.deepEqual(value, Buffer.from([0x61, 0xfc, 0x3f]))
  })

  test(`searchReplace - null stays null (${compat})`, async () => {
    assert.equal(await replaced({ compat, searchPattern: '^', replaceString: 'x' }, null), null)
  })
}

test("searchReplace - with compat $ and \\ are Java's", async () => {
  const java = (searchPattern: string, replaceString: string, value: string): Promise<unknown> =>
    replaced({ compat: 'flume', searchPattern, replaceString }, value)
  assert.equal(await java('(a)(?<n>b)', `$${'{n}'}$1$0\\$\\\\`, 'ab'), 'baab$\\')
  assert.equal(await java('(a)|b', '[$1]', 'ab'), '[a][]')
  assert.equal(await java('(a)', '$11', 'a'), 'a1')
})

test('searchReplace - with compat a wrong group throws for each record in which something is found, and not before', async () => {
  const interceptor = searchReplace({ compat: 'flume', searchPattern: 'a', replaceString: '$1' })
  assert.equal(interceptor.onError, 'fail')
  assert.equal((interceptor.onSend!(recordOf({ value: 'b' }), recordContext()) as { value: string }).value, 'b')
  for (let time = 0; time < 2; time++)
    assert.throws(() => interceptor.onSend!(recordOf({ value: 'a' }), recordContext()), /refers to group 1/)
})

test('searchReplace - with compat bytes are written anew also where nothing is found, so that those which are no text are damaged', async () => {
  const damaged = await replaced({ compat: 'flume', searchPattern: 'zzz' }, Buffer.from([0x61, 0xff, 0x62]))
  assert.deepEqual(damaged, Buffer.from('a\ufffdb'))
})

test('searchReplace - bytes in which nothing is found are the same object, whatever they are', async () => {
  const bytes = Buffer.from([0x61, 0xff, 0x62])
  assert.equal(await replaced({ searchPattern: 'zzz' }, bytes), bytes)
  const record = recordOf({ value: 'abc' })
  assert.equal(searchReplace({ searchPattern: 'zzz' }).onSend?.(record, recordContext()), record)
})

test('searchReplace - bytes that are no text come through unharmed around what is replaced', async () => {
  const value = await replaced(
    { searchPattern: 'secret', replaceString: '***' },
    Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from('a secret é'), Buffer.from([0xe2, 0x82])]),
  )
  assert.deepEqual(value, Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from('a *** é'), Buffer.from([0xe2, 0x82])]))
})

test('searchReplace - a value that is neither text nor bytes is refused rather than passed on unsearched', () => {
  const interceptor = searchReplace({ searchPattern: 'a' })
  assert.equal(interceptor.onError, 'fail')
  assert.throws(() => interceptor.onSend!(recordOf({ value: { a: 1 } }), recordContext()), /set stage: "bytes"/)
})

test('searchReplace - stage bytes works on what was serialized, and before it is deserialized', async () => {
  const interceptor = searchReplace({ searchPattern: '"card":"\\d+"', replaceString: '"card":"-"', stage: 'bytes' })
  await interceptor.configure?.(testContext())
  assert.equal(interceptor.onSend, undefined)
  const json = '{"card":"4111"}'
  const sent = interceptor.onSerialized!(serializedRecordOf({ value: json }), recordContext()) as { value: Buffer }
  const fetched = interceptor.onFetched!(rawRecordOf({ value: json }), recordContext()) as { value: Buffer }
  assert.deepEqual([String(sent.value), String(fetched.value)], ['{"card":"-"}', '{"card":"-"}'])
  const tombstone = rawRecordOf({ value: null })
  assert.equal(interceptor.onFetched!(tombstone, recordContext()), tombstone)
})

test('searchReplace - on the consumer it changes each record of a poll', () => {
  const interceptor = searchReplace({ searchPattern: 'a', replaceString: 'b', engine: 'javascript' })
  const records = interceptor.onConsume?.(
    consumerRecordsOf<null, string | Buffer>([{ value: 'aa' }, { value: null }, { value: Buffer.from('a') }]),
    {} as never,
  ) as ConsumerRecords
  assert.deepEqual(
    [...records].map(({ value }) => (value === null ? null : String(value))),
    ['bb', null, 'b'],
  )
})

test('searchReplace - RE2 and JavaScript replace alike', async () => {
  for (const engine of ['re2', 'javascript'] as const) {
    assert.equal(await replaced({ engine, searchPattern: '(\\w)(\\w)', replaceString: '$2$1$$$&' }, 'ab cd'), 'ba$ab dc$cd')
    assert.equal(await replaced({ engine, searchPattern: /(?<first>B)/i, replaceString: '<$<first>>' }, 'abc'), 'a<b>c')
    assert.equal(await replaced({ engine, searchPattern: 'x*', replaceString: '-' }, 'abc'), '-a-b-c-')
  }
  assert.equal(await replaced({ searchPattern: '(a+)+$', replaceString: '' }, `${'a'.repeat(50_000)}!`), `${'a'.repeat(50_000)}!`)
  assert.equal(await replaced({ compat: 'flume', engine: 're2', searchPattern: '(\\w)(\\w)', replaceString: '$2$1\\$' }, 'ab'), 'ba$')
})

interceptorContract((options?: Partial<SearchReplaceOptions>) =>
  searchReplace({ searchPattern: 'no-such-text', stage: 'bytes', ...options }),
)
