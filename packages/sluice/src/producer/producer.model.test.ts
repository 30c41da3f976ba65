import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import { silentLogger } from '../logger.ts'
import { clientParts } from '../network/client-parts.ts'
import { ManualClock } from '../network/testing/manual-clock.ts'
import { MockClient } from '../network/testing/mock-client.ts'
import type { ProducerOptions } from '../options/producer-options.ts'
import { stringSerializer } from '../record/serdes.ts'
import { drop } from '../record/verdict.ts'
import { KafkaProducer } from './producer.ts'
import { ModelBroker } from './testing/model-broker.ts'
import { produceResponse } from './testing/produce-responses.ts'

const SEEDS = 40
const STEPS = 150
const TOPICS = ['known', 'late', 'never'] as const

function randomOf(seed: number): () => number {
  let state = seed * 2654435761
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

/** One send: how often callback or promise settled, and with what. */
interface Sent {
  readonly topic: string
  readonly value: string
  settled: number
  code: string | null
  dropped: boolean
}

/** A producer that is short of memory, with topics that come late or never, brokers that fail, and an end that may be forced. */
async function live(seed: number, forced: boolean) {
  const random = randomOf(seed)
  const clock = new ManualClock()
  const client = new MockClient({ clock, nodes: 1 })
  const broker = new ModelBroker([0])
  const sent: Sent[] = []
  const acknowledged = new Map<string, number>()
  let onSends = 0
  const counting: ProducerInterceptor<string, string> = {
    name: 'counting',
    onSend(record) {
      onSends++
      record.headers.add('value', record.value!)
      return Number(record.value) % 17 === 5 ? drop('every seventeenth') : record
    },
    onAcknowledgement(_metadata, _error, headers) {
      const value = headers.getString('value')!
      acknowledged.set(value, (acknowledged.get(value) ?? 0) + 1)
    },
  }
  client.updateMetadata({ known: { leaders: [0] } })
  const options: ProducerOptions<string, string> = {
    bootstrapServers: 'localhost:1',
    keySerializer: stringSerializer,
    valueSerializer: stringSerializer,
    bufferMemory: 1500,
    batchSize: 250,
    maxBlockMs: 2000,
    maxRequestSize: 1500,
    logger: silentLogger,
  }
  const producer = new KafkaProducer<string, string>(Object.assign(options, { [clientParts]: { client, clock, random } }), [counting])

  const send = (): void => {
    const topic = TOPICS[Math.floor(random() * 2.15)]!
    const note: Sent = { topic, value: `${sent.length}`, settled: 0, code: null, dropped: false }
    sent.push(note)
    const record = { topic, partition: 0, value: note.value }
    if (random() < 0.5) {
      producer.send(record, (metadata, error) => {
        note.settled++
        note.code = error?.code ?? null
        note.dropped = metadata.dropped !== undefined
      })
      return
    }
    producer.send(record).then(
      (metadata) => {
        note.settled++
        note.dropped = metadata.dropped !== undefined
      },
      (error) => {
        note.settled++
        note.code = error.code
      },
    )
  }
  const answer = (draw: number): void => {
    const request = client.requests[0]
    if (request === undefined) return
    if (request.api.name === 'InitProducerId') request.respond({ errorCode: 0, producerId: 9, producerEpoch: 0 })
    else if (draw < 0.15) request.fail('NETWORK')
    else if (draw < 0.25) request.respond(produceResponse(request, { errorCode: errorCodes.NOT_ENOUGH_REPLICAS, baseOffset: -1 }))
    else {
      const response = broker.handle(request)
      if (draw < 0.35) request.fail('TIMEOUT')
      else request.respond(response)
    }
  }

  for (let step = 0; step < STEPS; step++) {
    const draw = random()
    if (draw < 0.5) for (let i = Math.floor(random() * 8); i >= 0; i--) send()
    else if (draw < 0.75) answer(random())
    else if (draw < 0.85) clock.advance(Math.floor(random() * 60))
    else if (draw < 0.98) await new Promise(setImmediate)
    else client.updateMetadata({ known: { leaders: [0] }, late: { leaders: [0] } })
  }
  let closed = false
  const closing = producer.close(forced ? { timeoutMs: 500 } : {}).then(() => {
    closed = true
  })
  for (let turn = 0; turn < 3000 && !closed; turn++) {
    await new Promise(setImmediate)
    clock.advance(30)
    if (!forced) {
      answer(1)
      client.updateMetadata({ known: { leaders: [0] }, late: { leaders: [0] } })
    }
  }
  await closing
  await new Promise(setImmediate)
  return { sent, acknowledged, broker, onSends }
}

for (const forced of [false, true]) {
  test(`producer - short of memory and metadata, ${forced ? 'closed by force' : 'closed in peace'}: every send ends once, for everybody`, async () => {
    const codes = new Set<string | null>()
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { sent, acknowledged, broker, onSends } = await live(seed, forced)
      try {
        assert.equal(onSends, sent.length)
        for (const { value, settled, code } of sent) {
          assert.equal(settled, 1, `record ${value} settled ${settled} times (${code})`)
          assert.equal(acknowledged.get(value), 1, `record ${value} was acknowledged ${acknowledged.get(value)} times`)
          codes.add(code)
        }
        for (const topic of TOPICS) {
          const log = broker.logs.get(`${topic}-0`) ?? []
          assert.equal(new Set(log).size, log.length, `topic ${topic} has a record twice`)
          assert.deepEqual(
            log,
            log.toSorted((a, b) => Number(a) - Number(b)),
            `topic ${topic} is out of order`,
          )
          for (const { value, code, dropped } of sent.filter((one) => one.topic === topic)) {
            if (code === null) assert.equal(log.includes(value), !dropped, `record ${value} was acknowledged and is not there`)
          }
        }
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
    assert.ok(codes.has(null) && codes.has(forced ? 'CLOSED' : 'TIMEOUT'), `${[...codes]}: the test lost its point`)
  })
}
