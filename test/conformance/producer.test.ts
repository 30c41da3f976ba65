import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import type { KafkaError } from '../../packages/sluice/src/errors.ts'
import type { ProducerInterceptor } from '../../packages/sluice/src/interceptor/producer-interceptor.ts'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import { clientParts } from '../../packages/sluice/src/network/client-parts.ts'
import { ManualClock } from '../../packages/sluice/src/network/testing/manual-clock.ts'
import { MockClient } from '../../packages/sluice/src/network/testing/mock-client.ts'
import type { ProducerOptions } from '../../packages/sluice/src/options/producer-options.ts'
import { KafkaProducer } from '../../packages/sluice/src/producer/producer.ts'
import { produceResponse } from '../../packages/sluice/src/producer/testing/produce-responses.ts'
import { ProducerFixture, recorder, turns } from '../../packages/sluice/src/producer/testing/producer-fixture.ts'
import { toProducerRecord } from '../../packages/sluice/src/record/producer-record.ts'
import { bufferSerializer } from '../../packages/sluice/src/record/serdes.ts'

type Strings = ProducerInterceptor<string, string>

/** Counts the calls that belong to an interceptor's life. */
function lifeOf(name = 'life'): Strings & { configured: number; updates: number; closed: number } {
  return {
    name,
    configured: 0,
    updates: 0,
    closed: 0,
    configure() {
      this.configured++
    },
    onClusterUpdate() {
      this.updates++
    },
    close() {
      this.closed++
    },
  }
}

const produceCount = ({ client }: ProducerFixture): number => client.requests.filter(({ api }) => api.name === 'Produce').length
const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol()
  await turns()
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending
}

test('producer - an interceptor is configured by the constructor, hears of no cluster yet, and is closed by close (KP-1)', async () => {
  const life = lifeOf()
  const { producer } = new ProducerFixture({}, [life])
  assert.deepEqual([life.configured, life.closed, life.updates], [1, 0, 0])
  await producer.close()
  assert.deepEqual([life.configured, life.closed], [1, 1])
})

test('producer - however often it is closed, an interceptor is closed once; unlike Java (KP-17, DX-8)', async () => {
  const life = lifeOf()
  const { producer } = new ProducerFixture({}, [life])
  await producer.close()
  await producer.close()
  await producer.close({ timeoutMs: 0 })
  assert.equal(life.closed, 1)
})

test('producer - a negative time to close is refused and closes nothing (KP-18)', async () => {
  const life = lifeOf()
  const { producer } = new ProducerFixture({}, [life])
  await assert.rejects(producer.close({ timeoutMs: -100 }), { code: 'INVALID_ARGUMENT' })
  assert.equal(life.closed, 0)
  assert.equal((await producer.send({ topic: 't', value: 'still open' })).offset, 0)
  await producer.close()
})

test('producer - a close that is given up while a send is pending fails that send and closes everything (KP-19)', async () => {
  // Java's thread is interrupted and close throws; here a signal fires and close resolves, as all is closed then.
  const life = lifeOf()
  const acks = recorder()
  const fixture = new ProducerFixture({}, [life, acks])
  fixture.hold = true
  const send = fixture.producer.send({ topic: 't', value: 'pending' })
  const rejected = assert.rejects(send, { code: 'CLOSED' })
  await turns()
  const given = new AbortController()
  const closing = fixture.producer.close({ signal: given.signal })
  assert.equal(await isPending(closing), true)
  given.abort()
  await Promise.all([closing, rejected])
  assert.deepEqual([life.closed, fixture.client.isClosed, acks.acks.map(({ error }) => error?.code)], [1, true, ['CLOSED']])
})

test('producer - an address that cannot be is refused by the constructor, and no interceptor stays open (KP-11)', () => {
  // A name that does not resolve is no reason to refuse: it is looked up in the background, as it may resolve later.
  const life = lifeOf()
  for (const bootstrapServers of ['some.invalid.hostname', 'host:notaport', 'host:0', '']) {
    const options = { bootstrapServers, logger: silentLogger } as ProducerOptions<any, any>
    assert.throws(() => new KafkaProducer(options, [life]), { code: 'CONFIG', message: /bootstrapServers \(bootstrap\.servers\)/ })
  }
  assert.equal(life.configured, life.closed)
})

test('producer - what is no option is refused by its name (KP-13)', () => {
  const options = { bootstrapServers: 'localhost:9092', logger: silentLogger, 42: 'not a string as key' }
  assert.throws(() => new KafkaProducer(options as ProducerOptions), { code: 'CONFIG', message: /"42"/ })
})

test('producer - TLS options for a connection without TLS are refused; Java only lists them as unused (KP-53)', () => {
  const options: ProducerOptions = { bootstrapServers: 'localhost:9092', logger: silentLogger, securityProtocol: 'PLAINTEXT', ssl: {} }
  assert.throws(() => new KafkaProducer(options), { code: 'CONFIG', message: /ssl is given/ })
})

test('producer - without serializers keys and values are bytes, and text is a SERIALIZATION error; Java wants serializers (KP-14)', async () => {
  const fixture = new ProducerFixture({ keySerializer: undefined, valueSerializer: undefined })
  const { producer } = fixture
  await producer.send({ topic: 't', partition: 0, value: Buffer.from('bytes') as unknown as string })
  assert.deepEqual(fixture.sent[0], ['bytes'])
  await assert.rejects(producer.send({ topic: 't', value: 'text' }), { code: 'SERIALIZATION' })
  await producer.close()
})

test('producer - a partitioner is closed once, with the producer (KP-16)', async () => {
  let closed = 0
  const { producer } = new ProducerFixture({ partitioner: { partition: () => 1, close: () => void closed++ } })
  await producer.send({ topic: 't', value: 'v' })
  assert.equal(closed, 0)
  await producer.close()
  await producer.close()
  assert.equal(closed, 1)
})

test('producer - a partitioner is asked once for each record, so that one that counts spreads 30 records evenly (PT-7)', async () => {
  const next: Record<string, number> = {}
  const partitioner = { partition: (topic: string) => (next[topic] = (next[topic] ?? -1) + 1) % 3 }
  const { client, producer } = new ProducerFixture({ partitioner, batchSize: 100 }, [], ['t', 'other'])
  const counts = [0, 0, 0]
  const sends = Array.from({ length: 30 }, async (_, i) => {
    if (i % 5 === 0) await producer.send({ topic: 'other', value: 'between' })
    counts[(await producer.send({ topic: 't', key: i % 2 ? `${i}` : null, value: 'v' })).partition]!++
  })
  await Promise.all(sends)
  assert.deepEqual([counts, next], [[10, 10, 10], { t: 29, other: 5 }])
  assert.equal(client.requests.length, 0)
  await producer.close()
})

test('producer - what is known is not asked for, and what left the metadata is asked for once by the next send (KP-30)', async (t) => {
  const fixture = new ProducerFixture()
  const asked = t.mock.method(fixture.client.metadata, 'requestUpdateForTopic')
  await fixture.producer.send({ topic: 't', value: 'first' })
  assert.equal(asked.mock.callCount(), 0)
  fixture.client.updateMetadata({ t: { leaders: [] } })
  const second = fixture.producer.send({ topic: 't', value: 'second' })
  assert.equal(await isPending(second), true)
  assert.equal(asked.mock.callCount(), 1)
  fixture.know('t')
  await second
  assert.equal(asked.mock.callCount(), 1)
  await fixture.producer.close()
})

test('producer - a topic that was not used for metadataMaxIdleMs leaves, and comes back with the next send (SE-7)', async () => {
  const clock = new ManualClock()
  const answer: ConstructorParameters<typeof MockClient>[0]['answer'] = (request) =>
    request.api.name === 'Produce' ? produceResponse(request) : { errorCode: 0, producerId: 1, producerEpoch: 0 }
  const client = new MockClient({ clock, metadataMaxIdleMs: 60_000, answer })
  client.updateMetadata({ t: { leaders: [0] } })
  const options = { bootstrapServers: 'localhost:9092', lingerMs: 0, logger: silentLogger, [clientParts]: { client, clock } }
  const producer = new KafkaProducer(options)
  await producer.send({ topic: 't', value: Buffer.from('1') })
  clock.advance(59_999)
  assert.deepEqual(client.metadata.nextQuery().topics, ['t'])
  clock.advance(1)
  client.updateMetadata({})
  assert.deepEqual([client.metadata.has('t'), client.metadata.cluster.topics.size], [false, 0])
  const again = producer.send({ topic: 't', value: Buffer.from('2') })
  assert.equal(await isPending(again), true)
  assert.deepEqual(client.metadata.nextQuery().topics, ['t'])
  client.updateMetadata({ t: { leaders: [0] } })
  assert.equal((await again).topic, 't')
  await producer.close()
})

test('producer - partitionsFor a topic that does not exist is TIMEOUT after maxBlockMs, with the broker’s word as the cause (KP-34)', async () => {
  const { clock, client, producer } = new ProducerFixture({ maxBlockMs: 1000 }, [], [])
  const waiting = producer.partitionsFor('missing')
  let outcome: KafkaError | undefined
  waiting.catch((error: KafkaError) => (outcome = error))
  await turns()
  client.updateMetadata({ missing: { leaders: [], errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION } })
  await turns()
  clock.advance(999)
  assert.equal(await isPending(waiting), true)
  clock.advance(1)
  await turns()
  assert.deepEqual([outcome?.code, (outcome?.cause as KafkaError | undefined)?.code], ['TIMEOUT', 'UNKNOWN_TOPIC_OR_PARTITION'])
  await producer.close()
})

test('producer - partitionsFor without a topic is refused (KP-38)', async () => {
  const { producer } = new ProducerFixture()
  await assert.rejects(producer.partitionsFor(null as unknown as string), { code: 'INVALID_ARGUMENT' })
  await producer.close()
})

test('producer - a flush whose wait is given up leaves the records on their way, and later ones linger again (RA-16)', async () => {
  const fixture = new ProducerFixture({ lingerMs: 50, enableIdempotence: false })
  fixture.hold = true
  const first = fixture.producer.send({ topic: 't', partition: 0, value: 'flushed' })
  const given = new AbortController()
  const flush = fixture.producer.flush({ signal: given.signal })
  await turns()
  assert.equal(produceCount(fixture), 1)
  given.abort()
  await assert.rejects(flush, { code: 'ABORTED' })
  const second = fixture.producer.send({ topic: 't', partition: 1, value: 'lingers' })
  fixture.clock.advance(49)
  await turns()
  assert.equal(produceCount(fixture), 1)
  fixture.clock.advance(1)
  await turns()
  assert.equal(produceCount(fixture), 2)
  fixture.answerAll()
  assert.deepEqual([(await first).partition, (await second).partition], [0, 1])
  await fixture.producer.close()
})

test('producer - a send is pending until its batch is acknowledged; base offset 45, place 5: offset 50 (RM-3)', async () => {
  const fixture = new ProducerFixture()
  fixture.hold = true
  const sends = [0, 1, 2, 3, 4, 5].map((i) => fixture.producer.send({ topic: 't', partition: 0, value: `${i}` }))
  assert.equal(await isPending(sends[5]!), true)
  const request = fixture.client.requests[0]!
  request.respond(produceResponse(request, { baseOffset: 45 }))
  assert.equal((await sends[5]!).offset, 50)
  await fixture.producer.close()
})

test('producer - a promise rejects with the error, or resolves with the offset (RM-4)', async () => {
  const fixture = new ProducerFixture()
  fixture.hold = true
  for (const [error, baseOffset] of [
    ['CORRUPT_MESSAGE', -1],
    [undefined, 50],
  ] as const) {
    const send = fixture.producer.send({ topic: 't', partition: 0, value: 'v' })
    await turns()
    const request = fixture.client.requests[0]!
    const errorCode = error === undefined ? 0 : errorCodes.INVALID_RECORD
    const settled = error === undefined ? send : assert.rejects(send, { code: 'INVALID_RECORD' })
    request.respond(produceResponse(request, { baseOffset, errorCode }))
    const metadata = await settled
    if (error === undefined) assert.equal(metadata?.offset, 50)
  }
  await fixture.producer.close()
})

test('records - topic, partition, key, value, timestamp and headers make a record equal to another (RM-7)', () => {
  const given = { topic: 't', partition: 1, key: 'k', value: 'v', timestamp: 5, headers: { h: 'x' } }
  const record = toProducerRecord(given)
  assert.deepEqual(toProducerRecord({ ...given }), record)
  for (const other of [{ topic: 'u' }, { partition: 2 }, { key: 'l' }, { value: null }, { timestamp: 6 }, { headers: { h: 'y' } }])
    assert.notDeepEqual(JSON.stringify(asData(toProducerRecord({ ...given, ...other }))), JSON.stringify(asData(record)))
})

function asData(record: ReturnType<typeof toProducerRecord>): unknown {
  return { ...record, headers: [...record.headers].map(({ key, value }) => [key, value?.toString()]) }
}

test('interceptors - one that returns nothing does not cost the record, and the next one’s own record is sent (DX-2)', async () => {
  const got: unknown[] = []
  const nothing: Strings = { name: 'nothing', onSend: () => null as never }
  const replaces: Strings = {
    name: 'replaces',
    onSend(record) {
      got.push(record.value)
      return { ...record, partition: 2, key: null, value: 'its own' }
    },
  }
  const fixture = new ProducerFixture({}, [nothing, replaces])
  await fixture.producer.send({ topic: 't', value: 'given' })
  assert.deepEqual([got, fixture.sent], [['given'], [[], [], ['its own']]])
  assert.equal(fixture.producer.interceptors.stats()[0]!.errors, 1)
  await fixture.producer.close()
})

test('interceptors - one that is listed twice runs twice; Java 4.2 takes a class once (DX-12)', async () => {
  const twice: Strings = { name: 'twice', onSend: (record) => ({ ...record, value: `${record.value}+` }) }
  const acks = recorder()
  const fixture = new ProducerFixture({}, [twice, twice, acks, acks])
  await fixture.producer.send({ topic: 't', partition: 0, value: 'v' })
  assert.deepEqual([fixture.sent[0], acks.sends, acks.acks.length], [['v++'], 2, 2])
  await fixture.producer.close()
})

test('interceptors - one made for strings changes nothing and stops nothing where records are bytes (KC-12)', async () => {
  const upperCase: Strings = { name: 'upper-case', onSend: (record) => ({ ...record, value: record.value!.toUpperCase() }) }
  const fixture = new ProducerFixture({ keySerializer: bufferSerializer as never, valueSerializer: bufferSerializer as never }, [upperCase])
  await fixture.producer.send({ topic: 't', partition: 0, value: Buffer.from('as it was') as unknown as string })
  assert.deepEqual(fixture.sent[0], ['as it was'])
  await fixture.producer.close()
})

test('interceptors - the cluster id is known before the first acknowledgement (KC-14)', async () => {
  const events: string[] = []
  const watch: Strings = {
    name: 'watch',
    onSend(record) {
      events.push('onSend')
      return record
    },
    onClusterUpdate: ({ clusterId }) => void events.push(`cluster ${clusterId}`),
    onAcknowledgement: () => void events.push('onAcknowledgement'),
  }
  const fixture = new ProducerFixture({}, [watch], [])
  const send = fixture.producer.send({ topic: 't', value: 'v' })
  fixture.know('t')
  await send
  assert.deepEqual(events, ['onSend', 'cluster mock-cluster', 'onAcknowledgement'])
  await fixture.producer.close()
})
