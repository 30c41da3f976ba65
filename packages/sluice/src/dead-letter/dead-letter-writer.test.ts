import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { clientParts } from '../network/client-parts.ts'
import { MockClient, type MockRequest } from '../network/testing/mock-client.ts'
import { producedBatch, produceResponse } from '../producer/testing/produce-responses.ts'
import { RecordHeaders } from '../record/headers.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import { DeadLetterWriter } from './dead-letter-writer.ts'

function writerTo(topic: string, errorCode = 0): { writer: DeadLetterWriter; requests: MockRequest[] } {
  const requests: MockRequest[] = []
  const answer = (request: MockRequest): object => {
    if (request.api.name === 'InitProducerId') return { errorCode: 0, producerId: 7, producerEpoch: 0 }
    requests.push(request)
    return produceResponse(request, { errorCode })
  }
  const client = new MockClient({ clock: systemClock, answer })
  client.updateMetadata({ [topic]: { leaders: [0] } })
  const connection = { bootstrapServers: 'unused:1', clientId: 'c-dead-letter', logger: silentLogger, ...{ [clientParts]: { client } } }
  return { writer: new DeadLetterWriter(connection, '{topic}.dlq'), requests }
}

function recordOf(topic: string, headers: RecordHeaders): RawRecord {
  const place = { topic, partition: 3, offset: 42, timestamp: 1_700_000_000_000, timestampType: 'CreateTime' as const }
  return { ...place, key: Buffer.from('k'), value: null, headers, leaderEpoch: 5 }
}

test('dead letters - one of a dead-letter topic goes to that of its own, and its headers are replaced, not piled up', async () => {
  const { writer, requests } = writerTo('orders.dlq.dlq')
  const headers = RecordHeaders.from([
    ['own', '1'],
    ['dead-letter.topic', 'orders'],
    ['dead-letter.offset', '1'],
    ['dead-letter.message', 'first'],
  ])
  await writer.write(recordOf('orders.dlq', headers), { interceptor: 'check', error: new RangeError('second') })
  const { topic, header, keys, values } = producedBatch(requests[0]!)
  assert.deepEqual([topic, keys, values, header.baseTimestamp], ['orders.dlq.dlq', ['k'], [null], 1_700_000_000_000])
  assert.deepEqual([header.producerId, requests[0]!.message.acks], [7, -1], 'idempotent, acknowledged by all')
  assert.deepEqual(
    headers.keys(),
    ['own', 'dead-letter.topic', 'dead-letter.offset', 'dead-letter.message'],
    "the record's own headers stay as they were",
  )
  await writer.close(1000)
})

test('dead letters - a write that fails says which record and which topic, and what it failed with', async () => {
  const { writer } = writerTo('orders.dlq', 29)
  await assert.rejects(writer.write(recordOf('orders', new RecordHeaders()), { interceptor: 'check', error: new Error('bad') }), {
    code: 'TOPIC_AUTHORIZATION_FAILED',
    topic: 'orders',
    partition: 3,
    message: /offset 42 of partition 3 of topic "orders" could not be written to its dead-letter topic "orders.dlq"/,
  })
  await writer.close(1000)
})

test('dead letters - how large one may be is left to the broker, and a long message does not make it larger', async () => {
  const { writer, requests } = writerTo('orders.dlq')
  const large = { ...recordOf('orders', new RecordHeaders()), value: Buffer.alloc(5_000_000) }
  await writer.write(large, { interceptor: 'check', error: new Error('x'.repeat(5_000_000)) })
  const { header } = producedBatch(requests[0]!)
  assert.ok(header.sizeInBytes > 5_000_000 && header.sizeInBytes < 5_002_000)
  await writer.close(1000)
})
