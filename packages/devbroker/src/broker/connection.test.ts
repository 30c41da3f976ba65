import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { test } from 'node:test'
import { encodeBatch, encodeRequest, errorCodes, FrameSplitter } from '@sluice/protocol'
import { apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import { endTxnApi } from '@sluice/protocol/messages/end-txn'
import { fetchApi } from '@sluice/protocol/messages/fetch'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { produceApi } from '@sluice/protocol/messages/produce'
import { saslAuthenticateApi } from '@sluice/protocol/messages/sasl-authenticate'
import { saslHandshakeApi } from '@sluice/protocol/messages/sasl-handshake'
import { DevBroker } from '../dev-broker.ts'
import { apiHandlers } from '../handlers/index.ts'
import type { DevBrokerOptions } from '../options.ts'
import { WireClient } from '../testing/wire-client.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

function start(options: DevBrokerOptions = {}): Promise<DevBroker> {
  return DevBroker.start({ topics: { orders: 1 }, log, ...options })
}

function connect(broker: DevBroker): Promise<WireClient> {
  const { host, port } = broker.nodes[0]!
  return WireClient.connect(host, port)
}

async function assertAlive(broker: DevBroker): Promise<void> {
  await using client = await connect(broker)
  assert.equal((await client.send(metadataApi, 12, { topics: null })).clusterId, 'sluice-dev')
}

function frame(...bytes: readonly number[]): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return Buffer.concat([size, Buffer.from(bytes)])
}

test('connection - garbage, huge and negative sizes, and requests cut short close it, and the broker goes on', async () => {
  await using broker = await start()
  const metadata = Buffer.concat(encodeRequest(metadataApi, 12, 1, 'c', { topics: [{ name: 'orders' }] }))
  const cut = Buffer.from(metadata.subarray(0, metadata.length - 3))
  cut.writeInt32BE(cut.length - 4, 0)
  const bad = {
    'a size of 2 GiB': Buffer.from('7fffffff', 'hex'),
    'a negative size': Buffer.from('ffffffff', 'hex'),
    'an HTTP request': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    'an empty frame': frame(),
    'a header cut short': frame(0, 3, 0),
    'a body cut short': cut,
    'an API that is not known': frame(0x7f, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff),
  }
  for (const [what, bytes] of Object.entries(bad)) {
    await using client = await connect(broker)
    client.sendBytes(bytes)
    await client.closed().catch(() => assert.fail(what))
  }
  await assertAlive(broker)
})

test('connection - every prefix of a request leaves the broker able to go on', async () => {
  await using broker = await start()
  const topicData = [{ name: 'orders', partitionData: [{ index: 0, records: encodeBatch([{ value: 'x' }]) }] }]
  const whole = Buffer.concat(encodeRequest(produceApi, 9, 1, 'c', { acks: 1, topicData }))
  for (let length = 5; length < whole.length; length += 3) {
    const prefix = Buffer.from(whole.subarray(0, length))
    prefix.writeInt32BE(length - 4, 0)
    await using client = await connect(broker)
    client.sendBytes(prefix)
    await client.closed()
  }
  assert.deepEqual(broker.endOffsets('orders'), [0])
  await assertAlive(broker)
})

test('connection - a version outside the range closes it, except of ApiVersions, which says what there is', async () => {
  await using broker = await start()
  await using refused = await connect(broker)
  refused.sendBytes(Buffer.concat(encodeRequest(produceApi, 12, 1, 'c', {})))
  await refused.closed()
  await using unserved = await connect(broker)
  unserved.sendBytes(Buffer.concat(encodeRequest(endTxnApi, 3, 1, 'c', {})))
  await unserved.closed()

  await using client = await connect(broker)
  client.sendBytes(frame(0, 18, 0, 99, 0, 0, 0, 42, 0xff, 0xff, 0))
  const response = await client.nextFrame()
  const expected = Buffer.alloc(16)
  expected.writeInt32BE(42, 0)
  expected.writeInt16BE(errorCodes.UNSUPPORTED_VERSION, 4)
  expected.writeInt32BE(1, 6)
  expected.writeInt16BE(18, 10)
  expected.writeInt16BE(0, 12)
  expected.writeInt16BE(4, 14)
  assert.deepEqual(response, expected)
})

test('connection - ApiVersions announces the handlers, with Produce from 0 for librdkafka (KAFKA-18659)', async () => {
  await using broker = await start()
  await using client = await connect(broker)
  for (let version = 0; version <= 4; version++) {
    const { apiKeys } = await client.send(apiVersionsApi, version, { clientSoftwareName: 'test', clientSoftwareVersion: '1' })
    assert.deepEqual(
      apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, minVersion, maxVersion]),
      apiHandlers
        .map(({ api, minVersion, maxVersion }) => [api.key, api.key === 0 ? 0 : minVersion, maxVersion])
        .sort((a, b) => a[0]! - b[0]!),
    )
  }
  const unnamed = await client.send(apiVersionsApi, 3, { clientSoftwareName: '', clientSoftwareVersion: '' })
  assert.equal(unnamed.errorCode, errorCodes.INVALID_REQUEST)
})

test('connection - responses leave in the order of requests, also behind one that waits', async () => {
  await using broker = await start()
  await using client = await connect(broker)
  const order: string[] = []
  const topics = [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }]
  const waiting = client.send(fetchApi, 11, { maxWaitMs: 100, minBytes: 1, maxBytes: 1000, topics }).then(() => order.push('fetch'))
  const rest = Array.from({ length: 50 }, (_, i) => client.send(metadataApi, 1, { topics: null }).then(() => order.push(String(i))))
  await Promise.all([waiting, ...rest])
  assert.deepEqual(order, ['fetch', ...Array.from({ length: 50 }, (_, i) => String(i))])
})

test('connection - requests of a client that does not read wait, and all are answered once it does', async () => {
  await using broker = await start()
  await using producer = await connect(broker)
  const records = encodeBatch([{ value: Buffer.alloc(900_000) }])
  await producer.send(produceApi, 9, { acks: 1, topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }] })

  const { host, port } = broker.nodes[0]!
  const socket = connectSocket({ host, port })
  await once(socket, 'connect')
  socket.pause()
  const topics = [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }]
  const count = 100
  for (let i = 0; i < count; i++) {
    for (const chunk of encodeRequest(fetchApi, 11, i, 'slow', { maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 20, topics }))
      socket.write(chunk)
  }
  const last = { acks: 1, topicData: [{ name: 'orders', partitionData: [{ index: 0, records: encodeBatch([{ value: 'last' }]) }] }] }
  for (const chunk of encodeRequest(produceApi, 9, count, 'slow', last)) socket.write(chunk)
  for (let i = 0; i < 20; i++) await assertAlive(broker)
  assert.deepEqual(broker.endOffsets('orders'), [1], 'the last request waits behind responses that nobody reads')
  const answers: number[] = []
  const received = new Promise<void>((resolve) => {
    const frames = new FrameSplitter(1 << 20, (answer) => {
      answers.push(answer.readInt32BE(0))
      if (answers.length === count + 1) resolve()
    })
    socket.on('data', (chunk: Buffer) => frames.push(chunk))
  })
  socket.resume()
  await received
  socket.destroy()
  assert.deepEqual(
    answers,
    Array.from({ length: count + 1 }, (_, i) => i),
  )
  assert.deepEqual(broker.endOffsets('orders'), [2])
})

test('connection - a thousand idle ones do not stop one that works, and end with the broker', async () => {
  const broker = await start()
  const { host, port } = broker.nodes[0]!
  const sockets = await Promise.all(
    Array.from({ length: 1000 }, async () => {
      const socket: Socket = connectSocket({ host, port })
      await once(socket, 'connect')
      return socket
    }),
  )
  await assertAlive(broker)
  for (const socket of sockets) socket.on('error', () => {})
  const ends = sockets.map((socket) => once(socket, 'close'))
  await broker.close()
  await Promise.all(ends)
})

test('connection - before authentication nothing but its own APIs is answered', async () => {
  await using broker = await start({ sasl: { users: { alice: 'secret' }, mechanisms: ['PLAIN'] } })
  await using early = await connect(broker)
  assert.equal((await early.send(apiVersionsApi, 0, {})).errorCode, 0)
  early.sendOnly(metadataApi, 1, { topics: null })
  await early.closed()

  await using unordered = await connect(broker)
  assert.equal(
    (await unordered.send(saslAuthenticateApi, 2, { authBytes: Buffer.from('\0alice\0secret') })).errorCode,
    errorCodes.ILLEGAL_SASL_STATE,
  )
  await unordered.closed()

  await using other = await connect(broker)
  const offered = await other.send(saslHandshakeApi, 1, { mechanism: 'SCRAM-SHA-256' })
  assert.deepEqual([offered.errorCode, offered.mechanisms], [errorCodes.UNSUPPORTED_SASL_MECHANISM, ['PLAIN']])
  await other.closed()

  await using good = await connect(broker)
  await good.send(saslHandshakeApi, 1, { mechanism: 'PLAIN' })
  assert.equal((await good.send(saslAuthenticateApi, 2, { authBytes: Buffer.from('\0alice\0secret') })).errorCode, 0)
  assert.equal((await good.send(metadataApi, 1, { topics: null })).brokers.length, 1)
})

test('connection - after a handshake of version 0 the tokens are bare frames', async () => {
  await using broker = await start({ sasl: { users: { alice: 'secret' } } })
  await using good = await connect(broker)
  assert.equal((await good.send(saslHandshakeApi, 0, { mechanism: 'PLAIN' })).errorCode, 0)
  good.sendBytes(frame(...Buffer.from('\0alice\0secret')))
  assert.equal((await good.nextFrame()).length, 0)
  assert.equal((await good.send(metadataApi, 1, { topics: null })).brokers.length, 1)

  await using bad = await connect(broker)
  await bad.send(saslHandshakeApi, 0, { mechanism: 'PLAIN' })
  bad.sendBytes(frame(...Buffer.from('\0alice\0wrong')))
  await bad.closed()
})
