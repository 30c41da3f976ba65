import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext as NodeTest, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { KafkaError, type RecordMetadata } from 'sluice'
import {
  consumeContext,
  consumerRecordsOf,
  interceptorContract,
  recordContext,
  recordOf,
  type TestContext,
  testContext,
} from 'sluice/testing'
import { type AuditEntry, type AuditOptions, audit } from './index.ts'

interceptorContract((options?: AuditOptions) => audit({ sink() {}, ...options }))

const metadata: RecordMetadata = { topic: 'orders', partition: 2, offset: 40, timestamp: 1, serializedKeySize: -1, serializedValueSize: 3 }
const anyRecords = () => consumerRecordsOf([{ topic: 'orders', partition: 1, offset: 7, value: 'secret', headers: { user: 'ada' } }])

async function made(options: AuditOptions = {}, overrides: Partial<TestContext> = {}) {
  const entries: AuditEntry[] = []
  const interceptor = audit({ sink: (more) => void entries.push(...more), ...options })
  const producer = testContext(overrides)
  const consumer = testContext({ ...overrides, side: 'consumer', groupId: 'billing', clientId: 'reader', clock: producer.clock })
  await interceptor.configure?.(producer)
  await interceptor.configure?.(consumer)
  const send = (end: Partial<RecordMetadata> = {}, error: KafkaError | null = null, headers = {}) => {
    const context = recordContext()
    const record = recordOf({ topic: 'orders', key: 'the key', value: 'the value', headers })
    const returned = interceptor.onSend?.(record, context)
    interceptor.onAcknowledgement?.({ ...metadata, ...end }, error, record.headers, context)
    return returned === record ? 'sent' : (returned as { verdict?: string }).verdict
  }
  const handle = async (run: () => Promise<void> = async () => {}) => interceptor.handle?.([...anyRecords()][0]!, run, recordContext())
  return { interceptor, entries, producer, consumer, clock: producer.clock, logger: producer.logger, send, handle }
}

async function folder(t: NodeTest): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-audit-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

const linesOf = async (path: string): Promise<AuditEntry[]> =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

test('audit - an entry for each send, with who, where and what came of it, and never a key or a value', async () => {
  const { interceptor, entries, clock, send } = await made({
    who: ({ side, headers }) => `${side} ${headers.getString('user')}`,
    headers: ['user', 'none'],
  })
  send({ checksum: 5, size: 9 }, null, { user: 'ada', token: 'hidden' })
  send({ offset: -1 }, new KafkaError('TIMEOUT', 'late'))
  send({ offset: -1, dropped: 'noise' })
  send({ topic: 'orders.dlq', deadLettered: 'bad' })
  await interceptor.flush()
  const common = { v: 1, at: new Date(clock.now()).toISOString(), what: 'send', clientId: 'test-client', topic: 'orders', partition: 2 }
  const unknown = { ...common, who: 'producer undefined', headers: {} }
  assert.deepEqual(entries, [
    { ...common, who: 'producer ada', outcome: 'done', offset: 40, checksum: 5, size: 9, headers: { user: 'ada' } },
    { ...unknown, outcome: 'failed', offset: -1, error: 'TIMEOUT' },
    { ...unknown, outcome: 'dropped', offset: -1, reason: 'noise' },
    { ...unknown, outcome: 'deadLettered', offset: 40, topic: 'orders.dlq', reason: 'bad' },
  ])
  assert.equal(/the key|the value|hidden/.test(JSON.stringify(entries)), false)
  assert.deepEqual(interceptor.counts(), { written: 4, lost: 0, failedWrites: 0, waiting: 0 })
})

test('audit - a who that throws or gives no string is unknown, and with required the record is not sent', async () => {
  for (const who of [() => undefined as never, () => assert.fail('no')]) {
    const { interceptor, entries, send } = await made({ who })
    assert.equal(send(), 'sent')
    await interceptor.flush()
    assert.equal(entries[0]?.who, 'unknown')
    const required = await made({ who, required: true })
    assert.throws(() => required.send())
  }
})

test('audit - an entry for each handled record, whether the handler ended well or not; batches too', async () => {
  const { interceptor, entries, handle } = await made({ who: 'billing-team' })
  await handle()
  await assert.rejects(
    handle(() => Promise.reject(new TypeError('secret'))),
    TypeError,
  )
  const records = anyRecords().records('orders')
  await interceptor.handleBatch?.({ topic: 'orders', partition: 1, records: [...records, ...records] }, async () => {}, consumeContext())
  await interceptor.flush()
  assert.deepEqual(
    entries.map(({ who, what, outcome, group, clientId, topic, partition, offset, error }) => [
      `${who} ${what} ${outcome} ${group} ${clientId} ${topic} ${partition} ${offset}`,
      error,
    ]),
    [
      ['billing-team handle done billing reader orders 1 7', undefined],
      ['billing-team handle failed billing reader orders 1 7', 'TypeError'],
      ['billing-team handle done billing reader orders 1 7', undefined],
      ['billing-team handle done billing reader orders 1 7', undefined],
    ],
  )
  assert.equal(JSON.stringify(entries).includes('secret'), false)
})

test('audit - with consumed commit there is an entry for each record once it is committed', async () => {
  const { interceptor, entries, clock, handle } = await made({ consumed: 'commit' })
  const states = consumeContext()
  interceptor.onConsume?.(anyRecords(), states)
  await handle()
  clock.advance(5000)
  await interceptor.flush()
  assert.equal(entries.length, 0)
  interceptor.onCommit?.([{ topic: 'orders', partition: 1, offset: 8 }], states.commitContext())
  await interceptor.flush()
  const [{ what, outcome, who, offset, at }] = entries as [AuditEntry]
  assert.deepEqual([what, outcome, who, offset, at], ['commit', 'done', 'reader', 7, new Date(clock.now()).toISOString()])
})

test('audit - with consumed commit a consumer without a group keeps nothing, and says so', async () => {
  const { interceptor } = await made({ consumed: 'commit' })
  const context = testContext({ side: 'consumer' })
  await interceptor.configure?.(context)
  const states = consumeContext()
  interceptor.onConsume?.(anyRecords(), states)
  assert.deepEqual(states.commitContext().committed, [])
  assert.match(context.logger.messages('warn')[0] ?? '', /without a group/)
})

test('audit - its own topic is not audited', async () => {
  const sent: unknown[] = []
  const producer = { send: async (record: unknown) => void sent.push(record) }
  const interceptor = audit({ sink: { topic: 'trail', producer: producer as never } })
  await interceptor.configure?.(testContext())
  for (const topic of ['trail', 'orders']) {
    const context = recordContext()
    interceptor.onSend?.(recordOf({ topic }), context)
    interceptor.onAcknowledgement?.({ ...metadata, topic }, null, recordOf().headers, context)
  }
  await interceptor.flush()
  assert.equal(sent.length, 1)
  const { topic, key, value } = sent[0] as { topic: string; key: Buffer; value: Buffer }
  assert.deepEqual([topic, String(key), JSON.parse(String(value)).topic], ['trail', 'test-client', 'orders'])
})

test('audit - a sink that hangs slows nothing: the queue is bounded, and what is lost is counted, told, and in the next entry', async () => {
  let release = (): void => {}
  const written: (readonly AuditEntry[])[] = []
  const { interceptor, send, logger } = await made({
    maxQueue: 3,
    async sink(entries) {
      if (written.push(entries) === 1) await new Promise<void>((resolve) => (release = resolve))
    },
  })
  send()
  await turn()
  for (let n = 0; n < 10; n++) assert.equal(send(), 'sent')
  assert.deepEqual(interceptor.counts(), { written: 0, lost: 8, failedWrites: 0, waiting: 3 })
  release()
  await interceptor.flush()
  assert.deepEqual(
    written.map((batch) => batch.map(({ lost }) => lost)),
    [[undefined], [8, undefined]],
  )
  assert.equal(logger.messages('error').length, 1)
})

test('audit - a write that fails loses its entries, and no more', async () => {
  let calls = 0
  const { interceptor, send, logger } = await made({
    sink() {
      if (++calls === 1) throw new Error('secret')
    },
  })
  send()
  await interceptor.flush()
  send()
  await interceptor.flush()
  assert.deepEqual(interceptor.counts(), { written: 1, lost: 1, failedWrites: 1, waiting: 0 })
  assert.equal(logger.text().includes('secret'), false)
})

test('audit - a write that takes too long is told of, no other is begun beside it, and it counts when it is done', async () => {
  const writes: PromiseWithResolvers<void>[] = []
  const sink = (): Promise<void> => {
    writes.push(Promise.withResolvers())
    return writes.at(-1)!.promise
  }
  for (const required of [false, true]) {
    writes.length = 0
    const { interceptor, send, clock, logger } = await made({ sink, required, writeTimeoutMs: 1000 })
    send()
    await turn()
    clock.advance(5000)
    assert.equal(send(), required ? 'reject' : 'sent')
    await turn()
    assert.equal(writes.length, 1)
    assert.match(logger.messages('error')[0]!, /longer than writeTimeoutMs/)
    writes[0]!.resolve()
    await turn()
    assert.equal(send(), 'sent')
    while (interceptor.counts().waiting > 0) {
      writes.at(-1)!.resolve()
      await turn()
    }
    assert.deepEqual(interceptor.counts(), { written: 3, lost: 0, failedWrites: 1, waiting: 0 })
  }
})

test('audit - required: while entries cannot be written nothing is sent or handled, and none of what was is lost', async () => {
  let isBroken = false
  const written: AuditEntry[] = []
  const { interceptor, send, handle, clock } = await made({
    required: true,
    sink(entries) {
      if (isBroken) throw new Error('disk full')
      written.push(...entries)
    },
  })
  assert.equal(interceptor.onError, 'fail')
  assert.equal(send(), 'sent')
  await interceptor.flush()
  isBroken = true
  assert.equal(send(), 'sent')
  await turn()
  assert.equal(send(), 'reject')
  let isHandled = false
  await assert.rejects(
    handle(async () => {
      isHandled = true
    }),
    { code: 'REJECTED', retriable: true },
  )
  assert.equal(isHandled, false)
  isBroken = false
  clock.advance(100)
  await interceptor.flush()
  assert.equal(send(), 'sent')
  await handle()
  assert.deepEqual(
    written.map(({ what }) => what),
    ['send', 'send', 'send', 'send', 'handle'],
  )
  assert.equal(interceptor.counts().lost, 0)
})

test('audit - required: a handler has not ended before its entry is written, and fails when that takes too long', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { handle, clock, interceptor } = await made({ required: true, writeTimeoutMs: 1000, sink: () => promise })
  let isDone = false
  const first = handle().then(() => {
    isDone = true
  })
  await turn()
  assert.equal(isDone, false)
  resolve()
  await first
  await interceptor.flush()
  const stuck = await made({ required: true, writeTimeoutMs: 1000, sink: () => new Promise(() => {}) })
  const failing = assert.rejects(stuck.handle(), { code: 'TIMEOUT' })
  await turn()
  stuck.clock.advance(1000)
  await failing
  assert.ok(clock.now() > 0)
})

test('audit - close writes what waits, for closeTimeoutMs at most, and closes once the last client does', async () => {
  const { interceptor, entries, send } = await made()
  await interceptor.close?.()
  send()
  await interceptor.close?.()
  assert.equal(entries.length, 1)
  const stuck = await made({ required: true, closeTimeoutMs: 300, sink: () => Promise.reject(new Error('no')) })
  stuck.send()
  await turn()
  await stuck.interceptor.close?.()
  const closing = stuck.interceptor.close?.()
  await turn()
  stuck.clock.advance(300)
  await closing
  assert.match(stuck.logger.messages('error').join(), /could not be written/)
})

test('audit - a file has one JSON line for each entry, and grows on from where it was', async (t) => {
  const file = join(await folder(t), 'audit.jsonl')
  await writeFile(file, '{"v":1}\n{"v":1,"half')
  for (let run = 0; run < 2; run++) {
    const { interceptor, send } = await made({ sink: { file, fsync: true } })
    send({ offset: run })
    await interceptor.close?.()
    await interceptor.close?.()
  }
  const lines = (await readFile(file, 'utf8')).split('\n')
  assert.equal(lines[1], '{"v":1,"half')
  assert.deepEqual(
    lines.slice(2, 4).map((line) => JSON.parse(line).offset),
    [0, 1],
  )
  assert.equal(lines[4], '')
})

test('audit - a file that would grow beyond maxBytes is renamed, and none is deleted or overwritten', async (t) => {
  const path = await folder(t)
  const file = join(path, 'audit.jsonl')
  await writeFile(`${file}.7`, 'old\n')
  const { interceptor, send } = await made({ sink: { file, maxBytes: 200 } })
  for (let offset = 0; offset < 3; offset++) {
    send({ offset })
    await interceptor.flush()
  }
  assert.deepEqual((await readdir(path)).sort(), ['audit.jsonl', 'audit.jsonl.7', 'audit.jsonl.8', 'audit.jsonl.9'])
  assert.deepEqual(
    (await Promise.all([`${file}.8`, `${file}.9`, file].map(linesOf))).map(([entry]) => entry?.offset),
    [0, 1, 2],
  )
  await interceptor.close?.()
  await interceptor.close?.()
})

test('audit - a file whose folder went away is written again once it is back, with all that was required', async (t) => {
  const path = join(await folder(t), 'inner')
  const file = join(path, 'audit.jsonl')
  await mkdir(path)
  const { interceptor, send, clock } = await made({ sink: { file, maxBytes: 200 }, required: true })
  send({ offset: 0 })
  await interceptor.flush()
  await rm(path, { recursive: true })
  send({ offset: 1 })
  while (interceptor.counts().failedWrites === 0) await turn()
  assert.equal(send({ offset: 2 }), 'reject')
  await mkdir(path)
  while (interceptor.counts().waiting > 0) {
    clock.advance(100)
    await turn()
  }
  assert.deepEqual(
    (await Promise.all([`${file}.1`, file].map(linesOf))).flat().map(({ offset, outcome }) => `${offset} ${outcome}`),
    ['1 done', '2 done'],
  )
  await interceptor.close?.()
  await interceptor.close?.()
})

test('audit - a file that cannot be opened fails the making of the client', async (t) => {
  const interceptor = audit({ sink: { file: join(await folder(t), 'no', 'audit.jsonl') } })
  await assert.rejects(async () => interceptor.configure?.(testContext()), { code: 'CONFIG' })
})

test('audit - the hash chain shows every change, goes on over restarts, and skips what was lost', async (t) => {
  const file = join(await folder(t), 'audit.jsonl')
  for (const hashChain of [true, true] as const) {
    const { interceptor, send } = await made({ sink: { file }, hashChain })
    for (let offset = 0; offset < 3; offset++) send({ offset })
    await interceptor.close?.()
    await interceptor.close?.()
  }
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  assert.equal(lines.length, 6)
  assert.equal(firstBroken(lines), -1)
  assert.equal(firstBroken(lines.with(2, lines[2]!.replace('"offset":2', '"offset":3'))), 2)
  assert.equal(firstBroken(lines.toSpliced(3, 1)), 3)
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).seq),
    [0, 1, 2, 0, 1, 2],
  )
})

test('audit - with a key the hashes cannot be made by others; a failed write leaves no gap in the chain', async () => {
  const written: AuditEntry[] = []
  let calls = 0
  const { interceptor, send } = await made({
    hashChain: { key: 'k' },
    sink(entries) {
      if (++calls === 1) throw new Error('no')
      written.push(...entries)
    },
  })
  for (let n = 0; n < 3; n++) {
    send()
    await interceptor.flush()
  }
  const lines = written.map((entry) => JSON.stringify(entry))
  assert.deepEqual(
    written.map(({ seq, lost, previous }) => [seq, lost, previous === '']),
    [
      [0, 1, true],
      [1, undefined, false],
    ],
  )
  assert.equal(firstBroken(lines, 'k'), -1)
  assert.equal(firstBroken(lines), 0)
})

test('audit - wrong options are refused by name', () => {
  assert.throws(() => audit({ sink: 'file' as never }), /sink must be \{ topic \}, \{ file \} or a function/)
  assert.throws(() => audit({ sink: { file: '' } }), /\{ file \} must be a path/)
  assert.throws(() => audit({ hashChain: { key: '' } }), /hashChain must be true, false or \{ key \}/)
  assert.throws(() => audit({ maxQueue: 0 }), /maxQueue must be a whole number from 1, not 0/)
  assert.throws(() => audit({ require: true } as never), /did you mean "required"/)
})

/** As docs/interceptors/audit.md tells how to check a chain. */
function firstBroken(lines: readonly string[], key?: string): number {
  let previous = ''
  return lines.findIndex((line) => {
    const at = line.lastIndexOf(',"hash":"')
    const hash = key === undefined ? createHash('sha256') : createHmac('sha256', key)
    const isRight = JSON.parse(line).previous === previous && JSON.parse(line).hash === hash.update(`${line.slice(0, at)}}`).digest('hex')
    previous = JSON.parse(line).hash
    return !isRight
  })
}

test('audit - a header that somebody made very long is cut, so that its entry fits into any sink', async () => {
  const { interceptor, entries, send } = await made({ headers: ['user'] })
  send({}, null, { user: 'a'.repeat(1_000_000) })
  await interceptor.flush()
  assert.equal(entries[0]?.headers?.user?.length, 1024)
})
