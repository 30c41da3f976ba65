import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../clock.ts'
import { isKafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { ConsumerRecords } from '../record/consumer-records.ts'
import { RecordHeaders } from '../record/headers.ts'
import type { TopicPartitionOffset } from '../record/topic-partition.ts'
import type { ConsumerInterceptor } from './consumer-interceptor.ts'
import { ConsumerInterceptors } from './consumer-interceptors.ts'
import { MAX_STATES } from './consumer-states.ts'
import type { InterceptorContext } from './interceptor-context.ts'

const context: InterceptorContext = { clientId: 'c', groupId: 'g', options: {}, logger: silentLogger, clock: systemClock }

function recordOf(topic: string, partition: number, offset = 0): ConsumerRecord {
  return {
    topic,
    partition,
    offset,
    timestamp: 0,
    timestampType: 'CreateTime',
    key: 1,
    value: 'value',
    headers: new RecordHeaders(),
    serializedKeySize: 1,
    serializedValueSize: 5,
    leaderEpoch: undefined,
  }
}

/** One record in each of these partitions of each topic. */
function recordsOf(topics: readonly string[], partitions: number): ConsumerRecords {
  const places = topics.flatMap((topic) => Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))
  return new ConsumerRecords(
    places.map((place) => ({ ...place, records: [recordOf(place.topic, place.partition)] })),
    places.map((place) => ({ ...place, offset: 1 })),
  )
}

/** Java's test interceptor: leaves out one partition, of the records and of the positions. */
class Filtering implements ConsumerInterceptor {
  readonly name: string
  readonly partition: number
  throws = false
  consumes = 0
  commits: (readonly TopicPartitionOffset[])[] = []
  constructor(partition: number) {
    this.name = `filter-${partition}`
    this.partition = partition
  }
  onConsume(records: ConsumerRecords): ConsumerRecords {
    this.consumes++
    if (this.throws) throw new Error(this.name)
    return new ConsumerRecords(
      records.byPartition().filter(({ partition }) => partition !== this.partition),
      records.nextOffsets.filter(({ partition }) => partition !== this.partition),
    )
  }
  onCommit(offsets: readonly TopicPartitionOffset[]): void {
    this.commits.push(offsets)
    if (this.throws) throw new Error(this.name)
  }
}

function consume({ chain }: ConsumerInterceptors, records: ConsumerRecords): ConsumerRecords {
  const after = chain.onConsume(records, chain.begin())
  assert.ok(after instanceof ConsumerRecords, 'a synchronous chain gives no promise')
  return after
}

const places = (records: ConsumerRecords): string[] => [...records].map(({ topic, partition }) => `${topic}-${partition}`)

test('CI-1 CI-2 CI-3 consumer chain - filters run in order, and a throw leaves the last good records', () => {
  const [one, two] = [new Filtering(1), new Filtering(2)]
  const chain = new ConsumerInterceptors([one, two], context)
  const given = recordsOf(['t'], 3)
  const kept = consume(chain, given)
  assert.deepEqual([places(kept), kept.nextOffsets.length, one.consumes + two.consumes], [['t-0'], 1, 2])
  one.throws = true
  const half = consume(chain, given)
  assert.deepEqual([places(half), half.nextOffsets.length, one.consumes + two.consumes], [['t-0', 't-1'], 2, 4])
  two.throws = true
  assert.equal(consume(chain, given), given)
  assert.equal(one.consumes + two.consumes, 6)
  assert.deepEqual(
    chain.stats().map(({ dropped, errors }) => [dropped, errors]),
    [
      [1, 2],
      [2, 1],
    ],
  )
})

test('CI-4 consumer chain - a commit reaches all, whatever one throws', () => {
  const [one, two] = [new Filtering(1), new Filtering(2)]
  const chain = new ConsumerInterceptors([one, two], context)
  const offsets = [{ topic: 't', partition: 0, offset: 1 }]
  chain.onCommit(offsets)
  one.throws = true
  chain.onCommit(offsets)
  assert.deepEqual(
    [one.commits, two.commits],
    [
      [offsets, offsets],
      [offsets, offsets],
    ],
  )
})

test('consumer chain - positions survive an interceptor that builds records without them', () => {
  const chain = new ConsumerInterceptors(
    [{ name: 'rebuild', onConsume: (records) => new ConsumerRecords(records.byPartition().slice(1)) }],
    context,
  )
  const given = recordsOf(['t'], 3)
  const after = consume(chain, given)
  assert.deepEqual(places(after), ['t-1', 't-2'])
  assert.deepEqual(after.nextOffsets, given.nextOffsets)
})

test('consumer chain - a scoped interceptor is given its topics, and the others stay in their places', () => {
  const seen: string[][] = []
  const chain = new ConsumerInterceptors(
    [
      {
        name: 'scoped',
        topics: [/^b/],
        onConsume(records) {
          seen.push(places(records))
          return records.filter(({ partition }) => partition !== 0)
        },
      },
      {
        name: 'nothing',
        topics: 'x',
        onConsume() {
          throw new Error('has no topic here')
        },
      },
    ],
    context,
  )
  const given = recordsOf(['a', 'b', 'c'], 2)
  const after = consume(chain, given)
  assert.deepEqual(seen, [['b-0', 'b-1']])
  assert.deepEqual(places(after), ['a-0', 'a-1', 'b-1', 'c-0', 'c-1'])
  assert.equal(after.nextOffsets.length, 6)
  assert.deepEqual(chain.stats()[0]?.reasons, { filtered: 1 })
  assert.equal(chain.stats()[1]?.errors, 0)
})

test('consumer chain - a scoped interceptor is told of commits of its topics only', () => {
  const filtering = Object.assign(new Filtering(0), { topics: 'b' })
  const chain = new ConsumerInterceptors([filtering], context)
  const [a, b] = [
    { topic: 'a', partition: 0, offset: 1 },
    { topic: 'b', partition: 0, offset: 2 },
  ]
  chain.onCommit([a, b])
  chain.onCommit([a])
  assert.deepEqual(filtering.commits, [[b]])
})

test("consumer chain - onError 'fail' throws INTERCEPTOR, and what is no ConsumerRecords counts as a failure", () => {
  for (const returned of [undefined, null, [], 'records', {}]) {
    const wrong = { name: 'wrong', onConsume: () => returned as never }
    const given = recordsOf(['t'], 1)
    assert.equal(consume(new ConsumerInterceptors([wrong], context), given), given)
    assert.throws(
      () => consume(new ConsumerInterceptors([{ ...wrong, onError: 'fail' }], context), given),
      (error) => isKafkaError(error) && error.code === 'INTERCEPTOR' && /ConsumerRecords/.test((error.cause as Error).message),
    )
  }
})

test('consumer chain - configure gets the group, and close closes each once', async () => {
  const calls: string[] = []
  const chain = new ConsumerInterceptors(
    [
      { name: 'a', configure: ({ groupId }) => void calls.push(`a ${groupId}`), close: () => Promise.reject(new Error('a')) },
      { name: 'b', close: () => void calls.push('b') },
    ],
    context,
  )
  await chain.close()
  await chain.close()
  assert.deepEqual(calls, ['a g', 'b'])
})

test('consumer chain - scoped identities are the identity, for any scopes and topics', () => {
  const scope = fc.constantFrom(undefined, 'a', 'b', 'c')
  fc.assert(
    fc.property(fc.array(scope, { maxLength: 5 }), fc.subarray(['a', 'b', 'c']), (scopes, topics) => {
      const same = (records: ConsumerRecords): ConsumerRecords => records.filter(() => true)
      const interceptors = scopes.map((selector, index) => ({
        name: `${index}`,
        ...(selector ? { topics: selector } : {}),
        onConsume: same,
      }))
      const given = recordsOf(topics, 2)
      const after = consume(new ConsumerInterceptors(interceptors, context), given)
      assert.deepEqual([...after], [...given])
      assert.deepEqual(new Set(after.nextOffsets), new Set(given.nextOffsets))
    }),
  )
})

test('consumer chain - states that no commit ever covers are bounded, and it is said loudly, once', () => {
  const errors: string[] = []
  const logger = { ...silentLogger, error: (message: string) => void errors.push(message) }
  const interceptors = new ConsumerInterceptors([{ name: 'keeper', onCommit: () => {} }], { ...context, logger })
  const { states } = interceptors.chain
  for (let offset = 0; offset < 3 * MAX_STATES; offset++) states.set('t', offset % 3, offset, 0, offset)
  assert.ok(states.size <= MAX_STATES)
  assert.equal(errors.length, 1)
  assert.match(errors[0]!, /100000 records that are not committed/)
})
