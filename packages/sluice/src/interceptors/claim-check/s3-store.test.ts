import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { S3Client } from '@aws-sdk/client-s3'
import { sha256Of } from './claim-store.ts'
import { FakeS3 } from './fake-s3.testing.ts'
import { s3Store } from './s3-store.ts'

const signal = new AbortController().signal
const SECRET = 'the secret key'
const body = Buffer.from('a body of some bytes')
const ID = `${'5d7cf8aefe8f4c5ec0ce5a0bd4a2d8e3'.repeat(2)}-${'0'.repeat(32)}`

async function stores(context: TestContext, secretAccessKey = SECRET) {
  const server = await FakeS3.start(SECRET)
  const client = new S3Client({
    endpoint: server.endpoint,
    region: 'eu-central-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'key', secretAccessKey },
  })
  context.after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })
  return { server, store: s3Store({ bucket: 'claims', prefix: 'bodies/', client }) }
}

/** The id of this very body: the server compares. */
async function idOf(bytes: Buffer): Promise<string> {
  const { hash } = await import('node:crypto')
  return `${hash('sha256', bytes, 'hex')}-${'0'.repeat(32)}`
}

test('s3Store - a body is written with a signed PUT and its checksum, read with a GET, and deleted', async (context) => {
  const { server, store } = await stores(context)
  const id = await idOf(body)
  await store.put(id, body, signal)
  assert.deepEqual([...server.objects], [[`/claims/bodies/${id}`, body]])
  assert.equal(server.requests[0]!.headers['x-amz-checksum-sha256'], Buffer.from(sha256Of(id), 'hex').toString('base64'))
  assert.deepEqual(await store.get(id, signal, body.length), body)
  await store.delete!(id, signal)
  assert.equal(await store.get(id, signal, body.length), null)
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['PUT', 'GET', 'DELETE', 'GET'],
  )
})

test('s3Store - a body that is larger than it should be is not read', async (context) => {
  const { server, store } = await stores(context)
  server.objects.set(`/claims/bodies/${ID}`, Buffer.alloc(1024 * 1024))
  await assert.rejects(store.get(ID, signal, 1000), { code: 'CORRUPT', message: /larger than the 1000 bytes/ })
})

test('s3Store - what the server refuses is an error, and not a body that is missing', async (context) => {
  const { server, store } = await stores(context)
  server.failures.push(503, 500)
  await assert.rejects(store.put(ID, body, signal))
  await assert.rejects(store.get(ID, signal, 10))
  // Of another body than the id says.
  await assert.rejects(store.put(ID, body, signal), { name: 'BadDigest' })
  const stranger = await stores(context, 'another key')
  await assert.rejects(stranger.store.put(await idOf(body), body, signal), { name: 'SignatureDoesNotMatch' })
  assert.equal(stranger.server.objects.size, 0)
})

test('s3Store - a signal that is aborted ends the call', async (context) => {
  const { store } = await stores(context)
  await assert.rejects(store.get(ID, AbortSignal.abort(), 10), { name: 'AbortError' })
})

test('s3Store - only ids become names of objects', async (context) => {
  const { server, store } = await stores(context)
  for (const id of ['', '../other', 'a/b', `${ID}/..`]) {
    await assert.rejects(store.put(id, body, signal), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(store.get(id, signal, 10), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(store.delete!(id, signal), { code: 'INVALID_ARGUMENT' })
  }
  assert.equal(server.requests.length, 0)
})

test('s3Store - wrong options are told', () => {
  assert.throws(() => s3Store({ bucket: '' }), /store\.bucket must be a non-empty string/)
  assert.throws(() => s3Store({ bucket: 'a', regoin: 'x' } as never), /unknown option "regoin"; there are bucket, prefix, region/)
})
