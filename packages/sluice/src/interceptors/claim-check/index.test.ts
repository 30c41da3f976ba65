import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { KafkaError, type RawRecord, type RecordMetadata, type SerializedRecord, type Verdict } from 'sluice'
import {
  interceptorContract,
  MockProducer,
  rawRecordOf,
  recordContext,
  type SerializedRecordInit,
  serializedRecordOf,
  testContext,
} from 'sluice/testing'
import { sizeGuard } from '../size-guard/index.ts'
import { type ClaimCheckOptions, type ClaimStore, claimCheck } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'sluice-claim-check-'))
after(() => rmSync(directory, { recursive: true }))

for (const keepKey of [true, false]) {
  interceptorContract(
    (options?: Partial<ClaimCheckOptions>) =>
      claimCheck({
        ...(!keepKey && { name: 'claim-check (keepKey: false)' }),
        store: { directory },
        thresholdBytes: 10,
        keepKey,
        ...options,
      }),
    {
      changes: ['key', 'value'],
      async: ['onSerialized', 'onFetched'],
      record: { key: 'a key', value: 'a body of more than ten bytes' },
    },
  )
}

class MemoryStore implements ClaimStore {
  readonly bodies = new Map<string, Buffer>()
  failing = false
  async put(id: string, bytes: Buffer): Promise<void> {
    if (this.failing) throw new Error('store is away')
    this.bodies.set(id, Buffer.from(bytes))
  }
  async get(id: string): Promise<Buffer | null> {
    if (this.failing) throw new Error('store is away')
    return this.bodies.get(id) ?? null
  }
  async delete(id: string): Promise<void> {
    if (this.failing) throw new Error('store is away')
    this.bodies.delete(id)
  }
}

const BODY = 'a body of more than ten bytes'

function made(options: Partial<ClaimCheckOptions> = {}) {
  const store = new MemoryStore()
  return { store, interceptor: claimCheck({ store, thresholdBytes: 10, ...options }) }
}

async function sent(
  interceptor: ReturnType<typeof claimCheck>,
  init: SerializedRecordInit,
  context = recordContext(),
): Promise<SerializedRecord> {
  return (await interceptor.onSerialized!(serializedRecordOf(init), context)) as SerializedRecord
}

async function received(
  interceptor: ReturnType<typeof claimCheck>,
  { key, value, headers }: SerializedRecord,
): Promise<RawRecord | Verdict> {
  return (await interceptor.onFetched!(rawRecordOf({ key, value, headers }), recordContext())) as RawRecord | Verdict
}

const metadata: RecordMetadata = { topic: 'topic', partition: 0, offset: 1, timestamp: 0, serializedKeySize: -1, serializedValueSize: 1 }

test('claimCheck - a body beyond the threshold goes to the store, with a reference, its digest and its size in the record', async () => {
  const { store, interceptor } = made()
  const { key, value, headers } = await sent(interceptor, { key: 'k', value: BODY })
  const [[id, body]] = [...store.bodies] as [[string, Buffer]]
  assert.equal(String(body), BODY)
  const sha256 = hash('sha256', BODY, 'hex')
  assert.ok(id.startsWith(`${sha256}-`))
  assert.deepEqual(
    [...headers].map((header) => [header.key, String(header.value)]),
    [
      ['claim-check.id', id],
      ['claim-check.sha256', sha256],
      ['claim-check.bytes', '29'],
    ],
  )
  assert.deepEqual(JSON.parse(String(value)), { claimCheck: { id, sha256, bytes: 29 } })
  assert.equal(String(key), 'k')
})

test('claimCheck - the consumer gets the body and no headers of it', async () => {
  const { interceptor } = made()
  const record = (await received(interceptor, await sent(interceptor, { value: BODY, headers: { own: 'x' } }))) as RawRecord
  assert.deepEqual([String(record.value), record.headers.keys()], [BODY, ['own']])
})

test('claimCheck - a body up to the threshold stays, at once', () => {
  const { store, interceptor } = made()
  for (const value of [null, '', '0123456789']) {
    const record = serializedRecordOf({ value })
    assert.equal(interceptor.onSerialized!(record, recordContext()), record)
  }
  assert.equal(store.bodies.size, 0)
  const fetched = rawRecordOf({ value: BODY })
  assert.equal(interceptor.onFetched!(fetched, recordContext()), fetched)
})

test('claimCheck - the same body twice has two ids, so that one can go', async () => {
  const { store, interceptor } = made()
  await Promise.all([sent(interceptor, { value: BODY }), sent(interceptor, { value: BODY })])
  assert.equal(store.bodies.size, 2)
})

test('claimCheck - keepKey: false moves the key too', async () => {
  for (const key of ['the key', '', null]) {
    const { interceptor } = made({ keepKey: false })
    const record = await sent(interceptor, { key, value: BODY })
    assert.equal(record.key, null)
    const back = (await received(interceptor, record)) as RawRecord
    assert.deepEqual([back.key, String(back.value)], [key === null ? null : Buffer.from(key), BODY])
  }
})

test('claimCheck - a body that is gone or not the one that was sent is treated as the policy says', async () => {
  const outcome = async (change: (bodies: Map<string, Buffer>, id: string) => void, options: Partial<ClaimCheckOptions> = {}) => {
    const { store, interceptor } = made(options)
    const record = await sent(interceptor, { value: BODY })
    change(store.bodies, [...store.bodies.keys()][0]!)
    const result = await received(interceptor, record)
    if (!('verdict' in result)) return `pass ${String(result.value).slice(0, 14)}`
    return result.verdict === 'drop'
      ? `drop ${result.reason}`
      : `${result.verdict} ${((result as Verdict & { verdict: 'reject' }).error as KafkaError).code}`
  }
  const gone = (bodies: Map<string, Buffer>): void => bodies.clear()
  const other = (bodies: Map<string, Buffer>, id: string): void => void bodies.set(id, Buffer.from(BODY.toUpperCase()))
  const longer = (bodies: Map<string, Buffer>, id: string): void => void bodies.set(id, Buffer.from(`${BODY}!`))
  assert.equal(await outcome(gone), 'reject CLAIM_MISSING')
  assert.equal(await outcome(other), 'reject CORRUPT')
  assert.equal(await outcome(longer), 'reject CORRUPT')
  assert.equal(await outcome(gone, { onMissing: 'drop' }), 'drop claim check missing')
  assert.equal(await outcome(other, { onMismatch: 'deadLetter' }), 'deadLetter CORRUPT')
  assert.equal(await outcome(gone, { onMissing: 'pass' }), 'pass {"claimCheck":')
  assert.equal(await outcome(() => {}, { maxFetchBytes: 28 }), 'reject CORRUPT')
  assert.equal(await outcome(() => {}, { maxFetchBytes: 29 }), `pass ${BODY.slice(0, 14)}`)
})

test('claimCheck - headers that others wrote lead nowhere', async () => {
  const id = `${'a'.repeat(64)}-${'0'.repeat(32)}`
  const right: Record<string, string | null> = { 'claim-check.id': id, 'claim-check.sha256': 'a'.repeat(64), 'claim-check.bytes': '5' }
  let asked = 0
  const store: ClaimStore = {
    put: async () => {},
    async get() {
      asked++
      return null
    },
  }
  const interceptor = claimCheck({ store })
  const wrongs: Record<string, string | null>[] = [
    { 'claim-check.id': '../../etc/passwd' },
    { 'claim-check.id': null },
    { 'claim-check.sha256': 'b'.repeat(64) },
    { 'claim-check.bytes': '-5' },
    { 'claim-check.bytes': '1e9' },
    { 'claim-check.key-bytes': '6' },
  ]
  for (const wrong of wrongs) {
    const result = (await interceptor.onFetched!(rawRecordOf({ headers: { ...right, ...wrong } }), recordContext())) as Verdict & {
      verdict: 'reject'
    }
    assert.equal((result.error as KafkaError).code, 'CORRUPT')
  }
  assert.equal(asked, 0)
})

test('claimCheck - a store that is away fails the send or the poll, without the body in the error', async () => {
  const { store, interceptor } = made()
  const record = await sent(interceptor, { value: BODY })
  store.failing = true
  await assert.rejects(sent(interceptor, { value: BODY }), {
    code: 'CLAIM_STORE',
    message: /a body of 29 bytes for topic "topic" could not be stored/,
  })
  await assert.rejects(received(interceptor, record), {
    code: 'CLAIM_STORE',
    message: /the body of record 0 of topic-0 could not be fetched/,
  })
  await interceptor.close!()
})

test('claimCheck - the body of a record that is surely not in a log is deleted, and only then', async () => {
  const left = async (end: Partial<RecordMetadata>, error: KafkaError | null): Promise<number> => {
    const { store, interceptor } = made()
    const context = recordContext()
    const { headers } = await sent(interceptor, { value: BODY }, context)
    interceptor.onAcknowledgement!({ ...metadata, ...end }, error, headers, context)
    await interceptor.close!()
    return store.bodies.size
  }
  assert.equal(await left({}, null), 1)
  assert.equal(await left({}, new KafkaError('TOPIC_AUTHORIZATION_FAILED', 'no')), 0)
  assert.equal(await left({}, new KafkaError('RECORD_TOO_LARGE', 'no')), 0)
  assert.equal(await left({ partition: -1 }, new KafkaError('TIMEOUT', 'no metadata')), 0)
  assert.equal(await left({ dropped: 'by another' }, null), 0)
  assert.equal(await left({ deadLettered: 'by another' }, null), 1)
  assert.equal(await left({}, new KafkaError('TIMEOUT', 'no answer')), 1)
  assert.equal(await left({}, new KafkaError('NOT_ENOUGH_REPLICAS', 'no', { retriable: true })), 1)
})

test('claimCheck - a body that cannot be deleted is told of, by its id', async () => {
  const { store, interceptor } = made()
  const client = testContext()
  await interceptor.configure!(client)
  const context = recordContext()
  const { headers } = await sent(interceptor, { value: BODY }, context)
  store.failing = true
  interceptor.onAcknowledgement!({ ...metadata, partition: -1 }, new KafkaError('TIMEOUT', 'no'), headers, context)
  await interceptor.close!()
  assert.deepEqual(client.logger.messages('warn'), ['claim-check: the body of a record that was not sent stays in the store'])
})

test('claimCheck - headers of a record that is sent on go, unless it is a reference', async () => {
  const { interceptor } = made()
  const reference = await sent(interceptor, { value: BODY })
  const onward = await sent(claimCheck({ store: new MemoryStore() }), { value: 'small', headers: reference.headers })
  assert.deepEqual(onward.headers.keys(), [])
  const mirrored = await sent(claimCheck({ store: new MemoryStore() }), { value: reference.value, headers: reference.headers })
  assert.equal(mirrored.headers.size, 3)
})

test('claimCheck - before sizeGuard references are measured, behind it bodies', async () => {
  const send = async (order: 'before' | 'behind'): Promise<string> => {
    const { interceptor } = made()
    const guard = sizeGuard({ maxBytes: 600 })
    const chain = order === 'before' ? [interceptor, guard] : [guard, interceptor]
    const producer = new MockProducer({}, chain)
    return producer.send({ topic: 'topic', value: Buffer.alloc(1000) })!.then(
      () => 'sent',
      (error: KafkaError) => error.code,
    )
  }
  assert.deepEqual([await send('before'), await send('behind')], ['sent', 'RECORD_TOO_LARGE'])
})

test('claimCheck - a record that a later interceptor refuses leaves no file', async () => {
  const own = mkdtempSync(join(directory, 'own-'))
  const interceptor = claimCheck({ store: { directory: own }, thresholdBytes: 10 })
  const producer = new MockProducer({}, [interceptor, sizeGuard({ maxBytes: 20 })])
  await assert.rejects(producer.send({ topic: 'topic', value: Buffer.alloc(1000) })!, { code: 'RECORD_TOO_LARGE' })
  await producer.close()
  assert.deepEqual(
    readdirSync(own, { recursive: true }).filter((name) => String(name).length > 2),
    [],
  )
})

test('claimCheck - wrong options are told', () => {
  assert.throws(() => claimCheck({} as never), /claimCheck: store must be \{ directory \}, \{ bucket \} or an object with put and get/)
  assert.throws(() => claimCheck({ store: {} as never }), /store must be \{ directory \}/)
  assert.throws(() => claimCheck({ store: { directory: '' } }), /directory of a store must be a path/)
  assert.throws(() => claimCheck({ store: new MemoryStore(), onMissing: 'ignore' as never }), /onMissing must be "reject" or/)
})
