import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import type { MockRequest } from '../network/testing/mock-client.ts'
import { ManualCompressors } from './testing/manual-compressors.ts'
import { ModelBroker } from './testing/model-broker.ts'
import { producedBatches, produceResponse } from './testing/produce-responses.ts'
import { type Outcome, SenderFixture, type SenderSetup } from './testing/sender-fixture.ts'

const SEEDS = 150
const STEPS = 250
const PARTITIONS = 3

function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A random life of a sender with brokers that lose connections before and after writing, refuse, move leaders and are slow. */
class Schedule {
  readonly fixture: SenderFixture
  readonly broker = new ModelBroker([0, 1, 0])
  readonly sent: { readonly partition: number; readonly value: string; readonly outcome: Outcome }[] = []
  readonly #compressors: ManualCompressors | undefined
  readonly #random: () => number
  #leaderEpoch = 0

  constructor(seed: number, setup: SenderSetup) {
    this.#random = randomOf(seed)
    this.#compressors = setup.compressors
    this.fixture = new SenderFixture({ leaders: this.broker.leaders, batchSize: 150, lingerMs: 5, ...setup })
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) this.#step(this.#random())
    this.#settle()
  }

  #step(draw: number): void {
    const { fixture } = this
    if (this.#random() < 0.3) this.#finishCompression()
    if (draw < 0.35) this.#append()
    else if (draw < 0.6) fixture.runOnce()
    else if (draw < 0.7) fixture.advance(Math.floor(this.#random() * 30))
    else if (draw < 0.88) this.#answer((request) => request.respond(this.broker.handle(request)))
    else if (draw < 0.91)
      this.#answer((request) => request.respond(produceResponse(request, { errorCode: errorCodes.NOT_ENOUGH_REPLICAS, baseOffset: -1 })))
    else if (draw < 0.97) this.#disconnect()
    else if (draw < 0.985) this.#moveLeader()
    else this.#tooLarge()
  }

  /** Threads finish when they like, not in the order in which they began. */
  #finishCompression(): void {
    const jobs = this.#compressors?.jobs.length ?? 0
    if (jobs > 0) this.#compressors!.finish(Math.floor(this.#random() * jobs))
  }

  #append(): void {
    const partition = Math.floor(this.#random() * PARTITIONS)
    const value = `${this.sent.length}`
    this.sent.push({ partition, value, outcome: this.fixture.append({ partition, value }) })
  }

  /** A connection answers in order, so only its oldest request can be answered. */
  #answer(answer: (request: MockRequest) => void): void {
    const request = this.fixture.client.requests[Math.floor(this.#random() * 2)] ?? this.fixture.client.requests[0]
    if (request === undefined) return
    const oldest = this.fixture.client.requests.find(({ node }) => node.id === request.node.id)!
    if (oldest.api.name === 'InitProducerId') oldest.respond({ errorCode: 0, producerId: 4711, producerEpoch: 0 })
    else answer(oldest)
  }

  /** The broker may have written some of the requests before the connection broke. */
  #disconnect(): void {
    const node = this.#random() < 0.5 ? 0 : 1
    const requests = this.fixture.client.requests.filter((request) => request.node.id === node && request.api.name === 'Produce')
    let reached = Math.floor(this.#random() * (requests.length + 1))
    for (const request of requests) {
      if (reached-- > 0) this.broker.handle(request)
      request.fail(this.#random() < 0.5 ? 'NETWORK' : 'TIMEOUT')
    }
  }

  #moveLeader(): void {
    const { leaders } = this.broker
    const partition = Math.floor(this.#random() * PARTITIONS)
    leaders[partition] = 1 - leaders[partition]!
    this.fixture.client.updateMetadata({ t: { leaders, leaderEpoch: ++this.#leaderEpoch } })
  }

  /** A broker that finds batches too large which it has not written yet: its limit does not change between two attempts. */
  #tooLarge(): void {
    this.#answer((request) => {
      const batches = producedBatches(request)
      const refuses = batches.every(
        ({ partition, values }) => values.length > 1 && !this.broker.logs.get(`t-${partition}`)?.includes(values[0]!),
      )
      if (refuses) request.respond(produceResponse(request, { errorCode: errorCodes.MESSAGE_TOO_LARGE, baseOffset: -1 }))
      else request.respond(this.broker.handle(request))
    })
  }

  /** From now on all goes well, until nothing is left. */
  #settle(): void {
    for (let turn = 0; turn < 2000 && (this.fixture.accumulator.hasIncomplete || this.fixture.client.requests.length > 0); turn++) {
      this.fixture.advance(20)
      this.fixture.runOnce()
      this.#finishCompression()
      this.#answer((request) => request.respond(this.broker.handle(request)))
    }
  }

  check(): void {
    const { fixture, sent, broker } = this
    assert.equal(fixture.accumulator.hasIncomplete, false, 'something is still on its way')
    while ((this.#compressors?.jobs.length ?? 0) > 0) this.#compressors!.finish()
    assert.ok(
      sent.every(({ outcome }) => outcome.times === 1),
      'a record was acknowledged never or twice',
    )
    assert.equal(fixture.pool.availableMemory, fixture.pool.totalMemory, 'memory is missing')
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const log = broker.logs.get(`t-${partition}`) ?? []
      const own = sent.filter((record) => record.partition === partition)
      assert.equal(new Set(log).size, log.length, `partition ${partition} has a record twice`)
      assert.deepEqual(
        log,
        log.toSorted((a, b) => Number(a) - Number(b)),
        `partition ${partition} is out of order`,
      )
      for (const { value, outcome } of own) {
        if (outcome.error !== null) continue
        assert.ok(log.includes(value), `record ${value} was acknowledged and is not there`)
        const { offset } = outcome.metadata!
        if (offset >= 0) assert.equal(log[offset], value, `record ${value} is not at offset ${offset}`)
      }
    }
  }
}

test('sender - whatever brokers do, every record is acknowledged once, written once and in order', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const schedule = new Schedule(seed, { deliveryTimeoutMs: 1e9 })
    schedule.run()
    try {
      schedule.check()
      assert.ok(
        schedule.sent.every(({ outcome }) => outcome.error === null),
        'a record failed',
      )
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})

test('sender - when records expire, what is written is still written once and in order', () => {
  let expired = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const schedule = new Schedule(seed, { deliveryTimeoutMs: 120 })
    schedule.run()
    try {
      schedule.check()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    expired += schedule.sent.filter(({ outcome }) => outcome.error?.code === 'TIMEOUT').length
  }
  assert.ok(expired > 100, `only ${expired} records expired: the test lost its point`)
})

test('sender - batches that other threads compress, in any order, are written once and in order', () => {
  for (const deliveryTimeoutMs of [1e9, 120]) {
    let expired = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const schedule = new Schedule(seed, { deliveryTimeoutMs, compressors: new ManualCompressors() })
      schedule.run()
      try {
        schedule.check()
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
      expired += schedule.sent.filter(({ outcome }) => outcome.error?.code === 'TIMEOUT').length
    }
    assert.equal(expired > 100, deliveryTimeoutMs === 120, `${expired} records expired`)
  }
})

test('sender - with one request at a time order holds without idempotence too, and nothing acknowledged is lost', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const schedule = new Schedule(seed, { deliveryTimeoutMs: 1e9, idempotent: false, maxInFlightRequestsPerConnection: 1 })
    schedule.run()
    try {
      assert.ok(schedule.sent.every(({ outcome }) => outcome.times === 1 && outcome.error === null))
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const firsts = [...new Set(schedule.broker.logs.get(`t-${partition}`) ?? [])]
        assert.deepEqual(
          firsts,
          schedule.sent.filter((record) => record.partition === partition).map(({ value }) => value),
        )
      }
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
