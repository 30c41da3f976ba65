import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConsumerInterceptor, isKafkaError, type OnError } from 'sluice'
import { CollectingLogger, MockConsumer } from 'sluice/testing'
import { filter } from './filter/index.ts'
import { regexExtractor } from './regex-extractor/index.ts'
import { regexFilter } from './regex-filter/index.ts'
import { searchReplace } from './search-replace/index.ts'
import { uuidHeader } from './uuid-header/index.ts'

/** Has no text, and no JSON either. */
class Unreadable {
  toJSON(): never {
    throw new TypeError('marker')
  }
}

/** Values as a deserializer of the application may give them. */
const unreadable: ConsumerInterceptor = {
  name: 'unreadable',
  onConsume: (records) => records.map((record) => (record.value === 'bad' ? { ...record, value: new Unreadable() } : record)),
}

const fails = (): never => {
  throw new Error('marker')
}
const unless = <T>(isBad: boolean, good: T): T => (isBad ? fails() : good)

const interceptors: Readonly<Record<string, (onError: OnError) => ConsumerInterceptor>> = {
  filter: (onError) => filter({ expression: ({ value }) => unless(value !== 'good', true), onError }),
  regexFilter: (onError) => regexFilter({ regex: 'good', onError }),
  regexExtractor: (onError) =>
    regexExtractor({
      regex: '(good)|(bad)',
      serializers: [{ name: 'level' }, { name: 'bad', type: fails }],
      onSerializerError: 'fail',
      onError,
    }),
  searchReplace: (onError) => searchReplace({ searchPattern: 'g(oo)d', replaceString: 'g$1d', onError }),
  uuidHeader: (onError) => uuidHeader({ isMatch: ({ value }) => unless(value !== 'good', true), onError }),
}

async function consumer(interceptor: ConsumerInterceptor, logger = new CollectingLogger()) {
  const made = new MockConsumer<null, string>({ groupId: 'readers', deadLetterTopic: '{topic}.dlq', logger }, [unreadable, interceptor])
  made.assign([{ topic: 't', partition: 0 }])
  for (const value of ['good', 'good', 'bad', 'good']) made.addRecord({ topic: 't', value })
  return made
}

for (const [name, make] of Object.entries(interceptors)) {
  test(`${name} - what it cannot work on is dead-lettered alone, not with the rest of its poll`, async () => {
    await using reader = await consumer(make('deadLetter'))
    assert.deepEqual(
      [...(await reader.poll())].map(({ offset }) => offset),
      [0, 1, 3],
    )
  })

  test(`${name} - with onError: fail the records before it are given out, and then the poll says which it was`, async () => {
    await using reader = await consumer(make('fail'))
    assert.deepEqual(
      [...(await reader.poll())].map(({ offset }) => offset),
      [0, 1],
    )
    await assert.rejects(
      reader.poll(),
      (error) => isKafkaError(error) && error.code === 'INTERCEPTOR' && /record 2 of t-0/.test(error.message),
    )
  })

  test(`${name} - with onError: continue it passes as it was, and the log has no word of what was thrown`, async () => {
    const logger = new CollectingLogger()
    await using reader = await consumer(make('continue'), logger)
    assert.equal((await reader.poll()).count, 4)
    assert.equal(logger.lines.length, 1)
    assert.doesNotMatch(
      JSON.stringify(logger.lines, (_, field) => (field instanceof Error ? field.message : field)),
      /marker/,
    )
  })
}
