import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Clock } from '../clock.ts'
import { isKafkaError, KafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import type { Headers } from '../record/headers.ts'
import { type ProducerRecord, toProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { drop, isVerdict, reject } from '../record/verdict.ts'
import type { InterceptorContext } from './interceptor-context.ts'
import type { SendOutcome } from './producer-chain.ts'
import type { ProducerInterceptor } from './producer-interceptor.ts'
import { failedSendMetadata, ProducerInterceptors } from './producer-interceptors.ts'

const warnings: { message: string; fields: Record<string, unknown> }[] = []
let time = 0
const clock: Clock = { now: () => time, monotonic: () => time, setTimer: () => ({ cancel() {} }) }
const context: InterceptorContext = {
  clientId: 'producer-1',
  groupId: undefined,
  options: {},
  clock,
  logger: { debug() {}, info() {}, error() {}, warn: (message, fields) => warnings.push({ message, fields: { ...fields } }) },
}
const metadata: RecordMetadata = { topic: 'test', partition: 0, offset: 5, timestamp: 1, serializedKeySize: 4, serializedValueSize: 5 }
const given = (): ProducerRecord => toProducerRecord({ topic: 'test', partition: 0, key: 1, value: 'value' })

class Appending implements ProducerInterceptor<number, string> {
  readonly name: string
  readonly topics?: string
  throwsOnSend = false
  throwsOnAck = false
  sends = 0
  readonly acks: { metadata: RecordMetadata; error: KafkaError | null; headers: Headers }[] = []

  constructor(name: string, topics?: string) {
    this.name = name
    if (topics !== undefined) this.topics = topics
  }

  onSend(record: ProducerRecord<number, string>): ProducerRecord<number, string> {
    this.sends++
    if (this.throwsOnSend) throw new Error(`onSend of ${this.name}`)
    return { ...record, value: `${record.value}${this.name}` }
  }

  onAcknowledgement(metadata: RecordMetadata, error: KafkaError | null, headers: Headers): void {
    this.acks.push({ metadata, error, headers })
    if (this.throwsOnAck) throw new Error(`onAcknowledgement of ${this.name}`)
  }
}

/** A chain as the producer uses it, one record at a time. */
class OneByOne extends ProducerInterceptors {
  onSend(record: ProducerRecord): SendOutcome<'onSend'> {
    const send = this.chain.begin(record.topic)
    const outcome = send === null ? record : this.chain.run('onSend', record, send)
    assert.ok(!(outcome instanceof Promise))
    const end = (error: KafkaError | null, told: RecordMetadata): void => {
      if (send === null) return
      send.headers = 'verdict' in outcome ? outcome.record.headers : outcome.headers
      this.chain.acknowledge(send, told, error)
    }
    this.acknowledge = (told = metadata) => end(null, told)
    this.fail = (error, topicPartition = null) =>
      end(error, failedSendMetadata('verdict' in outcome ? outcome.record : outcome, topicPartition) as RecordMetadata)
    return outcome
  }

  acknowledge: (told?: RecordMetadata) => void = () => assert.fail('nothing was sent')
  fail: (error: KafkaError, topicPartition?: { topic: string; partition: number } | null) => void = () => assert.fail('nothing was sent')
}

function chainOf(...interceptors: ProducerInterceptor[]): OneByOne {
  return new OneByOne(interceptors, context)
}

test('PI-1 PI-2 producer chain - each gets what the one before returned, in list order, every time', () => {
  const [one, two] = [new Appending('One'), new Appending('Two')]
  const chain = chainOf(one, two)
  const first = chain.onSend(given())
  assert.equal(one.sends + two.sends, 2)
  assert.deepEqual(first, { ...given(), value: 'valueOneTwo' })
  assert.deepEqual(chain.onSend(given()), first)
  assert.equal(one.sends + two.sends, 4)
})

test('PI-3 PI-4 producer chain - a throw is swallowed, and the last good record goes on', () => {
  const [one, two] = [new Appending('One'), new Appending('Two')]
  const chain = chainOf(one, two)
  one.throwsOnSend = true
  assert.equal((chain.onSend(given()) as ProducerRecord).value, 'valueTwo')
  two.throwsOnSend = true
  const record = given()
  assert.equal(chain.onSend(record), record)
  assert.equal(one.sends + two.sends, 4)
  assert.deepEqual(
    chain.stats().map(({ name, errors }) => [name, errors]),
    [
      ['One', 2],
      ['Two', 1],
    ],
  )
})

test('PI-5 PI-6 producer chain - every acknowledgement reaches all, whatever one throws', () => {
  const [one, two] = [new Appending('One'), new Appending('Two')]
  const chain = chainOf(one, two)
  const acknowledged = (record = given()): ProducerRecord => {
    chain.onSend(record)
    chain.acknowledge()
    chain.acknowledge()
    return record
  }
  const { headers } = acknowledged()
  one.throwsOnAck = true
  acknowledged()
  two.throwsOnAck = true
  acknowledged()
  assert.equal(one.acks.length, 3)
  assert.equal(two.acks.length, 3)
  assert.equal(one.acks[0]?.headers, headers)
})

test('PI-7 PI-8 PI-9 PI-10 producer chain - a failed send is told with the partition that is known', () => {
  const one = new Appending('One')
  const chain = chainOf(one)
  const error = new KafkaError('TIMEOUT', 'no metadata')
  const unplaced = toProducerRecord({ topic: 'test', key: 1, value: 'value' })
  for (const [record, topicPartition] of [
    [given(), { topic: 'test', partition: 0 }],
    [given(), null],
    [unplaced, null],
    [unplaced, { topic: 'test', partition: 1 }],
  ] as const) {
    chain.onSend(record)
    chain.fail(error, topicPartition)
  }
  assert.deepEqual(
    one.acks.map((ack) => [ack.metadata.topic, ack.metadata.partition]),
    [
      ['test', 0],
      ['test', 0],
      ['test', -1],
      ['test', 1],
    ],
  )
  assert.ok(one.acks.every((ack) => ack.error === error))
  const { offset, timestamp, serializedKeySize, serializedValueSize } = one.acks[0]!.metadata
  assert.deepEqual([offset, timestamp, serializedKeySize, serializedValueSize], [-1, -1, -1, -1])
})

test('PI-11 producer chain - without a record there is no metadata', () => {
  assert.equal(failedSendMetadata(null, null), null)
})

test('PI-12 producer chain - interceptors with two and with three parameters are called for every acknowledgement', () => {
  const calls: string[] = []
  const chain = chainOf(
    { name: 'two', onAcknowledgement: (told, _error) => void calls.push(`two ${told?.partition}`) },
    { name: 'three', onAcknowledgement: (told, _error, headers) => void calls.push(`three ${told?.partition} ${headers.size}`) },
  )
  chain.onSend(given())
  chain.acknowledge()
  chain.onSend(given())
  chain.fail(new KafkaError('TIMEOUT', ''))
  assert.deepEqual(calls, ['two 0', 'three 0 0', 'two 0', 'three 0 0'])
})

test('producer chain - warnings name interceptor, topic and partition, never key or value, and are few', () => {
  warnings.length = 0
  time = 1000
  const chain = chainOf({
    name: 'bad',
    onSend() {
      throw new Error('broken')
    },
  })
  for (let i = 0; i < 5; i++) chain.onSend(toProducerRecord({ topic: 'test', partition: 2, key: 'secret', value: 'secret' }))
  time += 10_000
  chain.onSend(given())
  assert.equal(warnings.length, 2)
  const [first, second] = warnings
  assert.equal(first?.fields.interceptor, 'bad')
  assert.equal(first?.fields.topic, 'test')
  assert.equal(first?.fields.partition, 2)
  assert.equal(second?.fields.notLogged, 4)
  assert.doesNotMatch(JSON.stringify(warnings), /secret/)
})

test("producer chain - onError 'fail' rejects with INTERCEPTOR and the cause", () => {
  const cause = new Error('broken')
  const last = new Appending('Last')
  const chain = chainOf(
    {
      name: 'encrypt',
      onError: 'fail',
      onSend() {
        throw cause
      },
    },
    last,
  )
  const verdict = chain.onSend(given())
  assert.ok(isVerdict(verdict) && verdict.verdict === 'reject')
  const { error } = verdict
  assert.ok(isKafkaError(error) && error.code === 'INTERCEPTOR' && error.cause === cause && /"encrypt".*"test"/.test(error.message))
  assert.equal(last.sends, 0)
})

test('producer chain - what is no record counts as a failure that says what to return', () => {
  for (const returned of [undefined, null, 5, {}, { verdict: 'park' }]) {
    const onSend = (() => returned) as never
    const chain = chainOf({ name: 'wrong', onSend }, new Appending('Two'))
    assert.equal((chain.onSend(given()) as ProducerRecord).value, 'valueTwo')
    assert.equal(chain.stats()[0]?.errors, 1)
    const verdict = chainOf({ name: 'wrong', onError: 'fail', onSend }).onSend(given())
    assert.ok(isVerdict(verdict) && verdict.verdict === 'reject')
    assert.match(String((verdict.error.cause as Error).message), /must return|is none of/)
  }
})

test('producer chain - a dropped record ends the chain, is counted by reason, and all are told once', () => {
  const [one, two] = [new Appending('One'), new Appending('Two')]
  const chain = chainOf(one, { name: 'filter', onSend: () => drop('too old') }, two)
  const verdict = chain.onSend(given())
  assert.ok(isVerdict(verdict) && verdict.verdict === 'drop')
  assert.equal(verdict.reason, 'too old')
  assert.equal(verdict.record.value, 'valueOne')
  assert.equal(two.sends, 0)
  chain.acknowledge({ ...metadata, dropped: 'too old' })
  assert.deepEqual([one.acks.length, two.acks.length], [1, 1])
  assert.equal(two.acks[0]?.metadata.dropped, 'too old')
  assert.equal(two.acks[0]?.error, null)
  const { calls, dropped, rejected, errors, reasons } = chain.stats()[1]!
  assert.deepEqual(
    { calls, dropped, rejected, errors, reasons },
    { calls: 1, dropped: 1, rejected: 0, errors: 0, reasons: { 'too old': 1 } },
  )
})

test('producer chain - a rejection carries its error, or REJECTED for what is none', () => {
  const error = new Error('not allowed')
  const verdict = chainOf({ name: 'guard', onSend: () => reject(error) }).onSend(given())
  assert.ok(isVerdict(verdict) && verdict.verdict === 'reject' && verdict.error === error)
  const other = chainOf({ name: 'guard', onSend: () => reject('no' as never) }).onSend(given())
  assert.ok(isVerdict(other) && other.verdict === 'reject' && isKafkaError(other.error) && other.error.code === 'REJECTED')
})

test('producer chain - an interceptor sees only its topics, in onSend and in onAcknowledgement', () => {
  const [mine, others] = [new Appending('Mine', 'test'), new Appending('Others', 'else')]
  const chain = chainOf(mine, others)
  assert.equal((chain.onSend(given()) as ProducerRecord).value, 'valueMine')
  chain.acknowledge()
  assert.deepEqual([mine.sends, mine.acks.length, others.sends, others.acks.length], [1, 1, 0, 0])
})

test('producer chain - when an interceptor changes the topic, those who saw the record are told, and nobody else', () => {
  const [mine, others, unscoped] = [new Appending('Mine', 'test'), new Appending('Others', 'else'), new Appending('All')]
  const chain = chainOf(
    mine,
    { name: 'router', onSend: (record) => ({ ...record, topic: 'else' }) },
    others,
    new Appending('Never', 'test'),
    unscoped,
  )
  const sent = chain.onSend(given()) as ProducerRecord
  assert.deepEqual([sent.topic, sent.value], ['else', 'valueMineOthersAll'])
  chain.acknowledge({ ...metadata, topic: 'else' })
  assert.deepEqual([mine.acks.length, others.acks.length, unscoped.acks.length], [1, 1, 1])
})

test('producer chain - configure runs in list order with the context', () => {
  const seen: string[] = []
  const configure = (name: string) => (told: InterceptorContext) => void seen.push(`${name} ${told.clientId}`)
  chainOf({ name: 'a', configure: configure('a') }, { name: 'b', configure: configure('b') })
  assert.deepEqual(seen, ['a producer-1', 'b producer-1'])
})

test('KP-2 producer chain - when the third configure throws, all three are closed and the error names it', () => {
  let configured = 0
  let closed = 0
  const counting = (name: string): ProducerInterceptor => ({
    name,
    configure() {
      if (++configured === 3) throw new Error('no such key')
    },
    close() {
      closed++
      throw new Error('close too')
    },
  })
  assert.throws(
    () => chainOf(counting('a'), counting('b'), counting('c'), counting('d')),
    (error) => isKafkaError(error) && error.code === 'CONFIG' && /"c".*no such key/.test(error.message),
  )
  assert.deepEqual([configured, closed], [3, 3])
})

test('producer chain - close closes each once, whatever the others throw', async () => {
  const closed: string[] = []
  const chain = chainOf({ name: 'a', close: () => Promise.reject(new Error('a')) }, { name: 'b', close: () => void closed.push('b') })
  await Promise.all([chain.close(), chain.close()])
  await chain.close()
  assert.deepEqual(closed, ['b'])
})

test('producer chain - a cluster update reaches all in order', () => {
  const seen: unknown[] = []
  const chain = chainOf(
    {
      name: 'a',
      onClusterUpdate() {
        throw new Error('a')
      },
    },
    { name: 'b', onClusterUpdate: ({ clusterId }) => void seen.push(clusterId) },
  )
  chain.onClusterUpdate({ clusterId: 'c-1' })
  assert.deepEqual(seen, ['c-1'])
})

test('producer chain - what is no interceptor is refused by its place in the list', () => {
  for (const [bad, pattern] of [
    [null, /interceptors\[0\]/],
    [{}, /needs a name/],
    [{ name: 'a', onError: 'stop' }, /onError/],
    [{ name: 'a', topics: 5 }, /topics/],
    [{ name: 'a', timeoutMs: -1 }, /timeoutMs/],
    [{ name: 'a', disableAfter: 0 }, /failures/],
    [{ name: 'a', when: { header: 7 } }, /when.header/],
  ] as const) {
    assert.throws(() => chainOf(bad as never), pattern)
  }
})

test('producer chain - a chain of identities is the identity', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20 }), fc.string(), (length, value) => {
      const chain = chainOf(...Array.from({ length }, (_, index) => ({ name: `i${index}`, onSend: (record: ProducerRecord) => record })))
      const record = toProducerRecord({ topic: 'test', value })
      assert.equal(chain.onSend(record), record)
    }),
  )
})

test('producer chain - each onSend has one onAcknowledgement, under any mix of passing, throwing, dropping and rerouting', () => {
  const step = fc.constantFrom('pass', 'copy', 'throw', 'drop', 'reject', 'reroute', 'undefined', 'fail')
  const scope = fc.constantFrom(undefined, 'test', 'else')
  fc.assert(
    fc.property(fc.array(fc.tuple(step, scope), { maxLength: 6 }), fc.integer({ min: 1, max: 4 }), (steps, records) => {
      const sends = steps.map(() => 0)
      const acks = steps.map(() => 0)
      const chain = chainOf(
        ...steps.map(
          ([kind, topics], index): ProducerInterceptor => ({
            name: `${index}`,
            ...(topics === undefined ? {} : { topics }),
            ...(kind === 'fail' ? { onError: 'fail' as const } : {}),
            onSend(record) {
              sends[index]!++
              if (kind === 'throw' || kind === 'fail') throw new Error(kind)
              if (kind === 'drop') return drop('dropped')
              if (kind === 'reject') return reject(new Error('rejected'))
              if (kind === 'undefined') return undefined as never
              return kind === 'reroute' ? { ...record, topic: 'else' } : kind === 'copy' ? { ...record } : record
            },
            onAcknowledgement() {
              acks[index]!++
            },
          }),
        ),
      )
      for (let i = 0; i < records; i++) produce(chain, given())
      // Beyond a verdict an interceptor is told without having been asked, so it may have more acknowledgements, never fewer.
      for (const [index, sent] of sends.entries()) {
        assert.ok(acks[index]! >= sent && acks[index]! <= records, `interceptor ${index}: ${sent} sends, ${acks[index]} acknowledgements`)
      }
    }),
  )
})

/** What the producer does around the chain. */
function produce(chain: OneByOne, record: ProducerRecord): void {
  const sent = chain.onSend(record)
  if (isVerdict(sent) && sent.verdict === 'reject') chain.fail(new KafkaError('REJECTED', ''))
  else chain.acknowledge()
}

test('producer chain - a parser that quotes the data it failed on does not bring it into the log', () => {
  const lines: string[] = []
  const logger = {
    ...silentLogger,
    warn: (message: string, fields?: object) =>
      void lines.push(`${message} ${JSON.stringify(fields)} ${(fields as { error?: Error })?.error?.message}`),
  }
  const parsing = { name: 'parses', onSend: () => JSON.parse('{"card": 4111-1111}') }
  new OneByOne([parsing], { ...context, logger }).onSend(given())
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /SyntaxError/)
  assert.doesNotMatch(lines[0]!, /4111|card/)
})

test('ask 46 - an empty chain, and one that is out of scope, make no context: the record passes as if there were none', () => {
  assert.equal(chainOf().chain.begin('test'), null)
  assert.equal(chainOf(new Appending('Others', 'else')).chain.begin('test'), null)
  assert.notEqual(chainOf(new Appending('One')).chain.begin('test'), null)
})
