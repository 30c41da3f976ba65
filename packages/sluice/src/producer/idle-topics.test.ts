import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../network/cluster.ts'
import { recordBytes } from './testing/records.ts'
import { SenderFixture } from './testing/sender-fixture.ts'

const TOPICS = 50

/** A cluster that counts how often a topic is looked up. */
function counting(cluster: Cluster): { readonly cluster: Cluster; lookups: number } {
  const counter = {
    lookups: 0,
    cluster: {
      ...cluster,
      topics: {
        get: (topic: string) => {
          counter.lookups++
          return cluster.topics.get(topic)
        },
      } as Cluster['topics'],
    },
  }
  return counter
}

class Topics extends SenderFixture {
  constructor() {
    super({ leaders: [0] })
    this.lead(0)
    this.initProducerId()
  }

  lead(node: number): void {
    this.client.updateMetadata(Object.fromEntries(Array.from({ length: TOPICS }, (_, n) => [`t${n}`, { leaders: [node] }])))
  }

  appendTo(topic: string): void {
    this.accumulator.append(recordBytes({ topic }), () => {}, null, this.client.metadata.cluster.topics.get(topic)!)
  }

  /** Sends and answers everything. */
  settle(): void {
    for (let turn = 0; turn < 3; turn++) {
      this.runOnce()
      while (this.produceRequests.length > 0) this.respond()
    }
  }
}

test('idle topics - a pass does not look at topics that had nothing for a while', () => {
  const fixture = new Topics()
  for (let n = 0; n < TOPICS; n++) fixture.appendTo(`t${n}`)
  fixture.settle()
  fixture.advance(1001)
  fixture.runOnce()
  const counter = counting(fixture.client.metadata.cluster)
  fixture.accumulator.ready(counter.cluster, fixture.clock.monotonic())
  fixture.accumulator.drain(counter.cluster, [0], 1e6, fixture.clock.monotonic())
  assert.equal(counter.lookups, 0)
  fixture.appendTo('t7')
  assert.deepEqual([...fixture.accumulator.ready(counter.cluster, fixture.clock.monotonic()).readyNodes], [0])
  assert.ok(counter.lookups <= 2, `${counter.lookups} lookups for one topic`)
})

test('idle topics - a topic that is used again goes to the leader it has by now, with sequences that go on', () => {
  const fixture = new Topics()
  fixture.appendTo('t3')
  fixture.settle()
  fixture.advance(1001)
  fixture.runOnce()
  fixture.lead(1)
  fixture.appendTo('t3')
  fixture.runOnce()
  assert.equal(fixture.request().node.id, 1)
  assert.equal(fixture.sent().header.baseSequence, 1)
})

test('idle topics - a batch that comes back for another attempt wakes its topic', () => {
  const fixture = new Topics()
  fixture.appendTo('t3')
  fixture.runOnce()
  fixture.advance(1001)
  fixture.runOnce()
  fixture.respond({ error: 'NOT_ENOUGH_REPLICAS' })
  fixture.advance(60)
  fixture.runOnce()
  assert.equal(fixture.sent().header.baseSequence, 0)
  assert.equal(fixture.accumulator.hasUndrained, false)
})
