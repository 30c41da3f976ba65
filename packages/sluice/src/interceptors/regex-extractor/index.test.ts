// The cases of Flume's TestRegexExtractorInterceptor and of its serializers, the edges of their source, and what is new here
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError } from 'sluice'
import { consumerRecordsOf, interceptorContract, recordContext, recordOf, testContext } from 'sluice/testing'
import { type RegexExtractorOptions, regexExtractor } from './index.ts'
import { serializersOf } from './serializers.ts'

const MILLIS = 'org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer'

async function extracted(
  options: RegexExtractorOptions,
  value: unknown,
  headers: Record<string, string | null> = {},
  context = testContext(),
): Promise<Record<string, string | null | undefined>> {
  const interceptor = regexExtractor(options)
  await interceptor.configure?.(context)
  const record = recordOf({ value, headers })
  assert.equal(interceptor.onSend?.(record, recordContext()), record)
  assert.equal(record.value, value)
  return Object.fromEntries(record.headers.keys().map((key) => [key, record.headers.getString(key)]))
}

const refused = (options: object, message?: RegExp): void =>
  assert.throws(
    () => regexExtractor(options as never),
    (error) => isKafkaError(error) && error.code === 'CONFIG' && (message === undefined || message.test(error.message)),
  )

const two = (number: number): string => String(number).padStart(2, '0')
const localMinute = (date: Date): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`

for (const compat of ['none', 'flume'] as const) {
  test(`TestRegexExtractorInterceptor.shouldNotAllowConfigurationWithoutRegex (${compat})`, () => {
    refused({ compat, serializers: [{ name: 'a' }] }, /regex must not be empty/)
    refused({ compat }, /regex/)
  })

  test(`TestRegexExtractorInterceptor.shouldNotAllowConfigurationWithIllegalRegex (${compat})`, () => {
    refused({ compat, regex: '?&?&?&&&?&?&?&&&??', serializers: [{ name: 'a' }] }, /regexExtractor: regex/)
  })

  test(`TestRegexExtractorInterceptor.shouldNotAllowConfigurationWithoutMatchIds (${compat})`, () => {
    refused({ compat, regex: '.*', serializers: '' }, /serializers/)
    refused({ compat, regex: '.*', serializers: [] }, /serializers/)
    refused({ compat, regex: '.*' }, /serializers/)
  })

  test(`TestRegexExtractorInterceptor.shouldNotAllowMisconfiguredSerializers (${compat})`, () => {
    refused({ compat, regex: '(\\d):(\\d):(\\d)', serializers: ',,,' }, /needs a name/)
  })

  test(`TestRegexExtractorInterceptor.shouldNotAllowEmptyNames (${compat})`, () => {
    refused({ compat, regex: '(\\d):(\\d):(\\d)', serializers: ' , , ' }, /needs a name/)
    refused({ compat, regex: '(\\d)', serializers: 's1', 'serializers.s1.name': '' }, /needs a name/)
    refused({ compat, regex: '(\\d)', serializers: [{ name: '' }] }, /needs a name/)
  })

  test(`TestRegexExtractorInterceptor.shouldExtractAddHeadersForAllMatchGroups (${compat})`, async () => {
    const numbers = { Num1: '1', Num2: '2', Num3: '3' }
    const properties = {
      serializers: 's1 s2 s3',
      'serializers.s1.name': 'Num1',
      'serializers.s2.name': 'Num2',
      'serializers.s3.name': 'Num3',
    }
    assert.deepEqual(await extracted({ compat, regex: '(\\d):(\\d):(\\d)', ...properties }, '1:2:3.4foobar5'), numbers)
    const list = [{ name: 'Num1' }, { name: 'Num2', type: 'default' }, { name: 'Num3', type: 'DEFAULT' }]
    assert.deepEqual(await extracted({ compat, regex: '(\\d):(\\d):(\\d)', serializers: list }, Buffer.from('1:2:3.4foobar5')), numbers)
  })

  test(`TestRegexExtractorInterceptor.shouldExtractAddHeadersForAllMatchGroupsIgnoringMissingIds (${compat})`, async () => {
    const options = {
      compat,
      regex: '^(\\d\\d\\d\\d-\\d\\d-\\d\\d\\s\\d\\d:\\d\\d)(:\\d\\d,\\d\\d\\d)',
      serializers: 's1',
      'serializers.s1.name': 'timestamp',
    } as const
    assert.deepEqual(await extracted(options, '2012-10-17 14:34:44,338'), { timestamp: '2012-10-17 14:34' })
  })

  test(`TestRegexExtractorInterceptor.shouldExtractAddHeadersUsingSpecifiedSerializer (${compat})`, async () => {
    const now = Math.floor(Date.now() / 60_000) * 60_000
    const options = {
      compat,
      regex: '^(\\d\\d\\d\\d-\\d\\d-\\d\\d\\s\\d\\d:\\d\\d)(:\\d\\d,\\d\\d\\d)',
      serializers: 's1 s2',
      'serializers.s1.type': MILLIS,
      'serializers.s1.name': 'timestamp',
      'serializers.s1.pattern': 'yyyy-MM-dd HH:mm',
      'serializers.s2.name': 'data',
    } as const
    assert.deepEqual(await extracted(options, `${localMinute(new Date(now))}:00,000`), { timestamp: String(now), data: ':00,000' })
  })

  test(`regexExtractor - no match leaves the record as it is, and an existing header is replaced by a match (${compat})`, async () => {
    const options = { compat, regex: '(\\d)', serializers: [{ name: 'n' }] }
    assert.deepEqual(await extracted(options, 'none', { n: 'old' }), { n: 'old' })
    assert.deepEqual(await extracted(options, 'a 5 6', { n: 'old' }), { n: '5' })
    assert.deepEqual(await extracted(options, null), {})
  })

  test(`regexExtractor - more serializers than groups: the rest are never used, and a warning says so (${compat})`, async () => {
    const context = testContext()
    const options = { compat, regex: '(\\d)', serializers: [{ name: 'a' }, { name: 'b' }] }
    assert.deepEqual(await extracted(options, '1', {}, context), { a: '1' })
    assert.deepEqual(
      context.logger.lines.map(({ level }) => level),
      ['warn'],
    )
  })
}

test('TestRegexExtractorInterceptorPassThroughSerializer.shouldReturnSameValue', () => {
  for (const type of ['default', 'DEFAULT', undefined, 'org.apache.flume.interceptor.RegexExtractorInterceptorPassThroughSerializer']) {
    const [serializer] = serializersOf([type === undefined ? { name: 'x' } : { name: 'x', type }], {})
    assert.equal(serializer?.serialize('testing (1,2,3,4)'), 'testing (1,2,3,4)')
  }
})

test('TestRegexExtractorInterceptorMillisSerializer.shouldRequirePatternInConfiguration', () => {
  for (const type of ['millis', MILLIS]) refused({ regex: '(a)', serializers: [{ name: 'x', type }] }, /needs a pattern/)
  refused({ regex: '(a)', serializers: [{ name: 'x', type: 'millis', pattern: '' }] }, /needs a pattern/)
})

test('TestRegexExtractorInterceptorMillisSerializer.shouldRequireValidPatternInConfiguration', () => {
  refused({ regex: '(a)', serializers: [{ name: 'x', type: 'millis', pattern: 'ABCDEFG' }] }, /pattern "ABCDEFG": A is no letter/)
})

test('TestRegexExtractorInterceptorMillisSerializer.shouldReturnMillisFromPattern', () => {
  const [serializer] = serializersOf([{ name: 'x', type: 'millis', pattern: 'yyyy-MM-dd HH:mm:ss' }], {})
  const time = Math.floor(Date.now() / 1000) * 1000
  assert.equal(serializer?.serialize(`${localMinute(new Date(time))}:${two(new Date(time).getSeconds())}`), String(time))
})

test('regexExtractor - a group that took no part: its header is left alone, and with compat is null', async () => {
  const options = { regex: '(a)|(b)', serializers: [{ name: 'a' }, { name: 'b' }] }
  assert.deepEqual(await extracted(options, 'b', { a: 'old' }), { a: 'old', b: 'b' })
  assert.deepEqual(await extracted({ ...options, compat: 'flume' }, 'b', { a: 'old' }), { a: null, b: 'b' })
  assert.deepEqual(await extracted({ ...options, onUnmatchedGroup: 'null' }, 'b'), { a: null, b: 'b' })
  assert.deepEqual(await extracted({ ...options, compat: 'flume', onUnmatchedGroup: 'skip' }, 'b'), { b: 'b' })
})

test('regexExtractor - with compat millis throws for a group that took no part, and a serializer of your own is handed the null', async () => {
  const millis = { name: 'a', type: 'millis', pattern: 'yyyy' }
  await assert.rejects(extracted({ compat: 'flume', regex: '(a)|b', serializers: [millis] }, 'b'), isKafkaError)
  const own = { name: 'a', type: (value: string) => String(value) }
  assert.deepEqual(await extracted({ compat: 'flume', regex: '(a)|b', serializers: [own] }, 'b'), { a: 'null' })
  assert.deepEqual(await extracted({ regex: '(a)|b', serializers: [own] }, 'b'), {})
})

test('regexExtractor - a text that millis cannot read: no header and one warning, and with compat it throws', async () => {
  const options = {
    regex: '^(\\S+) (\\S+)',
    serializers: [{ name: 'at', type: 'millis', pattern: 'yyyy-MM-dd', timeZone: 'UTC' }, { name: 'level' }],
  }
  const context = testContext()
  assert.deepEqual(await extracted(options, 'yesterday ERROR', {}, context), { level: 'ERROR' })
  assert.equal(context.logger.lines.length, 1)
  assert.doesNotMatch(JSON.stringify(context.logger.lines), /yesterday/)
  assert.deepEqual(await extracted(options, '2024-02-29 ERROR'), { at: '1709164800000', level: 'ERROR' })
  const flume = regexExtractor({ compat: 'flume', ...options })
  assert.equal(flume.onError, 'fail')
  const record = recordOf({ value: 'yesterday ERROR' })
  assert.throws(
    () => flume.onSend?.(record, recordContext()),
    (error) => isKafkaError(error) && !/yesterday/.test(error.message),
  )
  assert.equal(record.headers.size, 0)
})

test('regexExtractor - serializers of your own: a function, an object, or a class that is configured with its settings', async () => {
  class Padded {
    width = 0
    configure(settings: Readonly<Record<string, unknown>>): void {
      assert.deepEqual(settings, { width: '5' })
      this.width = Number(settings.width)
    }
    serialize(value: string): string {
      return value.padStart(this.width, '0')
    }
  }
  const serializers = [
    { name: 'upper', type: (value: string) => value.toUpperCase() },
    { name: 'length', type: { serialize: (value: string) => String(value.length) } },
    { name: 'padded', type: Padded, width: '5' },
  ]
  assert.deepEqual(await extracted({ regex: '(\\w+) (\\w+) (\\w+)', serializers }, 'a bcd 42'), {
    upper: 'A',
    length: '3',
    padded: '00042',
  })
  refused({ regex: '(a)', serializers: [{ name: 'x', type: 'com.example.Mine' }] }, /type must be "default", "millis"/)
  refused({ regex: '(a)', serializers: [{ name: 'x', type: {} }] }, /without a serialize function/)
  refused(
    { regex: '(a)', serializers: [{ name: 'x', type: 'millis', pattern: 'yyyy', timeZone: 'Nowhere' }] },
    /timeZone must be one that is known/,
  )
})

test('regexExtractor - target and charset say what is searched', async () => {
  const serializers = [{ name: 'found' }]
  const of = async (options: Partial<RegexExtractorOptions>, record: object): Promise<string | null | undefined> => {
    const interceptor = regexExtractor({ regex: '(.)$', serializers, engine: 'javascript', ...options } as RegexExtractorOptions)
    const sent = recordOf(record)
    interceptor.onSend?.(sent, recordContext())
    return sent.headers.getString('found')
  }
  assert.equal(await of({ target: 'key' }, { key: 'abc' }), 'c')
  assert.equal(await of({ target: 'header:h' }, { headers: { h: 'xyz' } }), 'z')
  assert.equal(await of({ charset: 'latin1' }, { value: Buffer.from([0x61, 0xe9]) }), 'é')
  assert.equal(await of({}, { value: { a: 1 } }), '}')
})

test('regexExtractor - RE2 and JavaScript extract alike, and RE2 in linear time', async () => {
  for (const engine of ['re2', 'javascript'] as const) {
    const options = { engine, regex: '^(\\w+)(?: (\\d+))?', serializers: [{ name: 'word' }, { name: 'number' }] }
    assert.deepEqual(await extracted(options, 'abc 12'), { word: 'abc', number: '12' })
    assert.deepEqual(await extracted(options, 'abc'), { word: 'abc' })
  }
  assert.deepEqual(await extracted({ regex: '(a+)+$', serializers: [{ name: 'x' }] }, `${'a'.repeat(20_000)}!`), {})
})

test('regexExtractor - on the consumer it adds headers to each record', () => {
  const records = consumerRecordsOf([{ value: 'a1' }, { value: 'b' }, { value: 'c3' }])
  regexExtractor({ regex: '(\\d)', serializers: [{ name: 'n' }] }).onConsume?.(records, {} as never)
  assert.deepEqual(
    [...records].map(({ headers }) => headers.getString('n')),
    ['1', undefined, '3'],
  )
})

interceptorContract((options?: Partial<RegexExtractorOptions>) =>
  regexExtractor({ regex: '(no-such-text)', serializers: [{ name: 'x' }], ...options } as RegexExtractorOptions),
)

test('regexExtractor - blanks behind the names of serializers, which a properties file keeps, count for nothing, as in Java', async () => {
  const names = { 'serializers.s1.name': 'a', 'serializers.s2.name': 'b' } as const
  for (const compat of ['none', 'flume'] as const) {
    assert.deepEqual(await extracted({ compat, regex: '(\\d)(\\d)', serializers: 's1 s2 \t', ...names }, '12'), { a: '1', b: '2' })
    refused({ compat, regex: '(a)', serializers: '  ' }, /at least one serializer/)
    refused({ compat, regex: '(a)', serializers: ' s1', ...names }, /needs a name/)
  }
})

test('regexExtractor - what a serializer throws quotes the text, so that the log has its kind alone', async () => {
  const context = testContext()
  const interceptor = regexExtractor({ regex: '(.*)', serializers: [{ name: 'n', type: (text: string) => String(BigInt(text)) }] })
  await interceptor.configure?.(context)
  interceptor.onSend?.(recordOf({ value: 'marker' }), recordContext())
  assert.match(context.logger.text(), /SyntaxError/)
  assert.doesNotMatch(context.logger.text(), /marker/)
})
