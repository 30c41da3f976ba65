import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Writer } from '@sluice/protocol'
import { consumerProtocolSubscription } from '@sluice/protocol/messages/consumer-protocol-subscription'
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol.ts'

const subscription = {
  topics: ['b', 'a'],
  userData: Buffer.from('u'),
  ownedPartitions: [
    { topic: 'a', partition: 2 },
    { topic: 'b', partition: 0 },
    { topic: 'a', partition: 1 },
  ],
  generationId: 9,
  rackId: 'r',
}

test('consumer protocol - a subscription comes back, topics and owned partitions sorted as Java does', () => {
  const decoded = decodeSubscription(encodeSubscription(subscription))
  assert.deepEqual(decoded.topics, ['a', 'b'])
  assert.deepEqual([decoded.userData!.toString(), decoded.generationId, decoded.rackId], ['u', 9, 'r'])
  assert.deepEqual(
    decoded.ownedPartitions.map(({ topic, partition }) => `${topic}-${partition}`),
    ['a-1', 'a-2', 'b-0'],
  )
})

test('consumer protocol - subscriptions of every version are read, and of a newer one what is known', () => {
  for (let version = 0; version <= consumerProtocolSubscription.maxVersion + 1; version++) {
    const writer = new Writer()
    writer.int16(version)
    consumerProtocolSubscription.write(
      writer,
      { topics: ['a'], userData: null },
      Math.min(version, consumerProtocolSubscription.maxVersion),
    )
    if (version > consumerProtocolSubscription.maxVersion) writer.int32(42)
    const { topics, ownedPartitions, generationId, rackId } = decodeSubscription(writer.toBuffer())
    assert.deepEqual(
      { topics, ownedPartitions, generationId, rackId },
      { topics: ['a'], ownedPartitions: [], generationId: -1, rackId: null },
    )
  }
})

test('consumer protocol - an assignment comes back, and no bytes are no partitions', () => {
  const partitions = [
    { topic: 'a', partition: 1 },
    { topic: 'a', partition: 0 },
  ]
  assert.deepEqual(decodeAssignment(encodeAssignment(partitions)), partitions)
  assert.deepEqual(decodeAssignment(Buffer.alloc(0)), [])
})
