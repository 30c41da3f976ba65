import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import { deadLetter, drop, emit, reject } from '../record/verdict.ts'
import { ProducerFixture, turns } from './testing/producer-fixture.ts'

const kinds = ['pass', 'copy', 'promise', 'hang', 'throw', 'rejected promise', 'drop', 'reject', 'emit', 'deadLetter', 'undefined'] as const
const policies = ['continue', 'fail', 'deadLetter'] as const

interface Plan {
  readonly stage: 'onSend' | 'onSerialized'
  readonly kind: (typeof kinds)[number]
  readonly onError: (typeof policies)[number]
  /** It behaves so for one record in so many, and passes the others. */
  readonly every: number
}

const plans = fc.array(
  fc.record({
    stage: fc.constantFrom('onSend' as const, 'onSerialized' as const),
    kind: fc.constantFrom(...kinds),
    onError: fc.constantFrom(...policies),
    every: fc.integer({ min: 1, max: 4 }),
  }),
  { maxLength: 4 },
)

function interceptorOf(
  { stage, kind, onError, every }: Plan,
  index: number,
  seen: Map<object, number[]>,
): ProducerInterceptor<string, string> {
  let calls = 0
  const act = (record: ProducerRecord): unknown => {
    if (++calls % every !== 0) return record
    switch (kind) {
      case 'pass':
        return record
      case 'copy':
        return { ...record }
      case 'promise':
        return new Promise((resolve) => setImmediate(() => resolve({ ...record })))
      case 'hang':
        return new Promise(() => {})
      case 'throw':
        throw new Error('thrown')
      case 'rejected promise':
        return Promise.reject(new Error('rejected'))
      case 'drop':
        return drop('dropped')
      case 'reject':
        return reject(new Error('no'))
      case 'emit':
        return emit([{}, {}])
      case 'deadLetter':
        return deadLetter(new Error('dead'))
      default:
        return undefined
    }
  }
  return {
    name: `${index}`,
    onError,
    timeoutMs: 50,
    onSend(record, context) {
      const counts = [1, 0]
      seen.set(counts, counts)
      context.state = counts
      return (stage === 'onSend' ? act(record) : record) as ProducerRecord<string, string>
    },
    ...(stage === 'onSerialized' ? { onSerialized: (record) => act(record as never) as never } : {}),
    onAcknowledgement(_metadata, _error, _headers, context) {
      // Those behind a verdict are told without having been asked: they have no state.
      const counts = context.state as number[] | undefined
      if (counts !== undefined) counts[1]!++
    },
  }
}

test('producer - under any interceptors each send ends once, each onSend is acknowledged once, and order holds', async () => {
  await fc.assert(
    fc.asyncProperty(plans, fc.integer({ min: 1, max: 12 }), fc.boolean(), fc.boolean(), async (list, count, forced, isLate) => {
      const seen = new Map<object, number[]>()
      const fixture = new ProducerFixture(
        { interceptorConcurrency: 3 },
        list.map((plan, index) => interceptorOf(plan, index, seen)),
        isLate ? [] : ['t', 't.dlq'],
      )
      const { producer, clock, sent } = fixture
      const whole = new Set<number>()
      const ends = new Array<number>(count).fill(0)
      for (let i = 0; i < count; i++) {
        if (i % 2 === 0) {
          producer.send({ topic: 't', partition: 0, value: `${i}` }, (metadata, error) => {
            ends[i]!++
            if (error === null && metadata.dropped === undefined && metadata.emitted === undefined) whole.add(i)
          })
        } else
          void producer.send({ topic: 't', partition: 0, value: `${i}` }).then(
            () => ends[i]!++,
            () => ends[i]!++,
          )
      }
      await turns(forced ? count : 1)
      if (isLate) fixture.know('t', 't.dlq')
      if (forced) await turns(count)
      let isClosed = false
      const closing = producer.close(forced ? { timeoutMs: 0 } : {}).then(() => {
        isClosed = true
      })
      for (let i = 0; i < 1000 && !isClosed; i++) {
        await turns(2)
        clock.advance(50)
      }
      assert.ok(isClosed, 'close hangs')
      await closing
      await turns(4)
      clock.advance(1000)
      await turns()
      assert.deepEqual(ends, new Array(count).fill(1))
      for (const [begun, told] of seen.values()) assert.deepEqual([begun, told], [1, 1])
      const values = sent.flat()
      for (const i of whole) assert.equal(values.filter((value) => value === `${i}`).length, 1, `record ${i} is there once`)
      const order = sent[0]!.map(Number)
      if (!list.some(({ kind, onError }) => kind === 'deadLetter' || onError === 'deadLetter')) {
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
        )
      }
    }),
    { numRuns: 300 },
  )
})
