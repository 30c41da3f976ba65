// The cases of Flume's RemoveHeaderInterceptorTest, the edges of its source, and what is new here
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError, RecordHeaders } from 'sluice'
import { consumerRecordsOf, interceptorContract, recordContext, recordOf, testContext } from 'sluice/testing'
import { type RemoveHeaderOptions, removeHeader } from './index.ts'

const ALL = ['my-header10', 'my-header11', 'my-header12', 'my-header20', 'my-header21']

async function left(options: RemoveHeaderOptions, names: readonly string[] = ALL): Promise<readonly string[]> {
  const interceptor = removeHeader(options)
  await interceptor.configure?.(testContext())
  const record = recordOf({ value: 'My test event', headers: names.map((name) => [name, name] as const) })
  assert.equal(interceptor.onSend?.(record, recordContext()), record)
  const without = recordOf({ value: 'My test event' })
  assert.equal(interceptor.onSend?.(without, recordContext()), without)
  assert.equal(without.headers.size, 0)
  return record.headers.keys()
}

const allBut = (...names: string[]): string[] => ALL.filter((name) => !names.includes(name))

test('RemoveHeaderInterceptorTest.testBadConfig - a separator that is no regular expression is refused when it is made', () => {
  assert.throws(
    () => removeHeader({ compat: 'flume', fromList: 'my-header10', fromListSeparator: '(' }),
    (error) => isKafkaError(error) && error.code === 'CONFIG' && /fromListSeparator/.test(error.message),
  )
})

for (const compat of ['none', 'flume'] as const) {
  test(`RemoveHeaderInterceptorTest.testWithName - that one goes (${compat})`, async () => {
    assert.deepEqual(await left({ compat, withName: 'my-header20' }), allBut('my-header20'))
    assert.deepEqual(await left({ compat, withName: 'MY-HEADER20' }), ALL)
  })

  test(`RemoveHeaderInterceptorTest.testFromListWithDefaultSeparator1 - a semicolon does not part names (${compat})`, async () => {
    assert.deepEqual(await left({ compat, fromList: 'my-header20;my-header11' }), ALL)
  })

  test(`RemoveHeaderInterceptorTest.testFromListWithDefaultSeparator2 - a comma and blanks do (${compat})`, async () => {
    assert.deepEqual(await left({ compat, fromList: 'my-header20, my-header11' }), allBut('my-header20', 'my-header11'))
    assert.deepEqual(await left({ compat, fromList: 'my-header20 \t,my-header11' }), allBut('my-header20', 'my-header11'))
  })

  test(`RemoveHeaderInterceptorTest.testFromListWithCustomSeparator1 - the separator given parts them (${compat})`, async () => {
    assert.deepEqual(
      await left({ compat, fromList: 'my-header20;my-header11', fromListSeparator: ';' }),
      allBut('my-header20', 'my-header11'),
    )
    assert.deepEqual(await left({ compat, fromList: 'my-header20; my-header11', fromListSeparator: ';' }), allBut('my-header20'))
  })

  test(`RemoveHeaderInterceptorTest.testFromListWithCustomSeparator2 - and only it: "a, b" by ; is one name (${compat})`, async () => {
    assert.deepEqual(await left({ compat, fromList: 'my-header20, my-header11', fromListSeparator: ';' }), ALL)
  })

  test(`RemoveHeaderInterceptorTest.testMatchRegex - every name that matches as a whole goes (${compat})`, async () => {
    assert.deepEqual(await left({ compat, matching: 'my-header1.*' }), ['my-header20', 'my-header21'])
    assert.deepEqual(await left({ compat, matching: 'my-header1' }), ALL)
    assert.deepEqual(await left({ compat, matching: 'header1.*|my' }), ALL)
  })

  test(`RemoveHeaderInterceptorTest.testAll - the three add up (${compat})`, async () => {
    const options = {
      compat,
      matching: 'my-header2.*',
      fromList: 'my-header10;my-header12',
      fromListSeparator: ';',
      withName: 'my-header11',
    }
    assert.deepEqual(await left(options), [])
  })
}

test('removeHeader - none of the three is no work', async () => {
  assert.deepEqual(await left({ compat: 'flume' }), ALL)
  assert.deepEqual(await left({}), ALL)
})

test('removeHeader - every header of the name goes, also one that is null', async () => {
  const interceptor = removeHeader({ fromList: ['a', 'b'] })
  const record = recordOf({
    headers: [
      ['a', '1'],
      ['x', '2'],
      ['a', null],
      ['b', null],
    ],
  })
  interceptor.onSend?.(record, recordContext())
  assert.deepEqual(record.headers.keys(), ['x'])
})

test('removeHeader - with compat what goes wrong is logged, and the record passes on; without, it is the chain that decides', () => {
  const broken = { ...recordOf(), headers: new RecordHeaders().add('secret-name', 'v').setReadOnly() }
  const context = testContext()
  const flume = removeHeader({ compat: 'flume', fromList: 'secret-name' })
  flume.configure?.(context)
  assert.equal(flume.onSend?.(broken, recordContext()), broken)
  assert.deepEqual(
    context.logger.lines.map(({ level }) => level),
    ['error'],
  )
  assert.throws(() => removeHeader({ fromList: 'secret-name' }).onSend?.(broken, recordContext()), isKafkaError)
})

test('removeHeader - on the consumer it does the same for each record', () => {
  const records = consumerRecordsOf([{ headers: { a: '1', b: '2' } }, { headers: { b: '3' } }])
  removeHeader({ withName: 'b' }).onConsume?.(records, {} as never)
  assert.deepEqual(
    [...records].map(({ headers }) => headers.keys()),
    [['a'], []],
  )
})

test("removeHeader - matching is linear in time by default, and Java's own with compat", async () => {
  const hostile = `${'a'.repeat(5_000)}!`
  assert.deepEqual(await left({ matching: '(a+)+' }, [hostile, 'aa']), [hostile])
  assert.deepEqual(await left({ compat: 'flume', matching: '\\Qa.b\\E|x++' }, ['a.b', 'acb', 'xx']), ['acb'])
  assert.deepEqual(await left({ engine: 're2', matching: '(?i)A.*' }, ['abc', 'b']), ['b'])
})

test('removeHeader - wrong options are refused', () => {
  assert.throws(() => removeHeader({ matching: '(' }), /removeHeader: matching/)
  assert.throws(() => removeHeader({ withName: '' }), /withName must be a non-empty string/)
  assert.throws(() => removeHeader({ fromList: [1] as never }), /fromList must be a string or a list of strings/)
  assert.throws(() => removeHeader({ fromlist: 'a' } as never), /did you mean "fromList"/)
  assert.throws(() => removeHeader({ engine: 'pcre' as never }), /engine must be "re2" or "javascript"/)
})

interceptorContract((options?: RemoveHeaderOptions) => removeHeader({ withName: 'no-such-header', ...options }))

test('removeHeader - however many names go, the list is gone through once: anyone may write very many', async (t) => {
  const remove = removeHeader({ matching: 'secret.*' })
  await remove.configure?.(testContext())
  const headers = RecordHeaders.from(
    Array.from({ length: 5000 }, (_, index) => [index % 2 === 0 ? `secret-${index}` : `${index}`, 'x'] as const),
  )
  const single = t.mock.method(headers, 'delete')
  const all = t.mock.method(headers, 'deleteAll')
  remove.onSend?.({ ...recordOf(), headers }, recordContext())
  assert.deepEqual([headers.size, single.mock.callCount(), all.mock.callCount()], [2500, 0, 1])
})

test('removeHeader - what matching says is kept for names of usual length, and not for long ones, which anyone may write', (t) => {
  const remove = removeHeader({ matching: 'secret', engine: 'javascript' })
  const judged = t.mock.method(RegExp.prototype, 'test')
  const judgements = (name: string): number => {
    const before = judged.mock.callCount()
    for (let times = 0; times < 3; times++) remove.onSend?.(recordOf({ headers: [[name, 'x']] }), recordContext())
    return judged.mock.callCount() - before
  }
  assert.deepEqual([judgements('traceparent'), judgements('x'.repeat(100_000))], [1, 3])
})
