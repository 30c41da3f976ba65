import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
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
import { type LoggerOptions, logger } from './index.ts'

interceptorContract(logger)

const metadata: RecordMetadata = { topic: 'topic', partition: 0, offset: 7, timestamp: 1, serializedKeySize: -1, serializedValueSize: 5 }

function made(options?: LoggerOptions, overrides?: Partial<TestContext>) {
  const client = testContext(overrides)
  const interceptor = logger(options)
  interceptor.configure?.(client)
  const send = (error: KafkaError | null = null, init: Parameters<typeof recordOf>[0] = {}, end: Partial<RecordMetadata> = {}): void => {
    const context = recordContext()
    const record = recordOf(init)
    interceptor.onSend?.(record, context)
    client.clock.advance(3)
    interceptor.onAcknowledgement?.({ ...metadata, ...end }, error, record.headers, context)
  }
  return { client, interceptor, send, lines: client.logger.lines }
}

test('logger - one record in so many is logged, each line says how many were not, and every run logs the same', () => {
  const { send, lines } = made({ sampleRate: 0.25, maxPerSecond: Number.POSITIVE_INFINITY })
  for (let n = 0; n < 12; n++) send(null, {}, { offset: n })
  assert.deepEqual(
    lines.map(({ level, message, fields }) => ({ level, message, ...fields })),
    [0, 4, 8].map((offset) => ({
      level: 'info',
      message: 'record sent',
      event: 'acknowledged',
      clientId: 'test-client',
      topic: 'topic',
      partition: 0,
      offset,
      bytes: 5,
      durationMs: 3,
      ...(offset === 0 ? {} : { notLogged: 3 }),
    })),
  )
})

test('logger - no more than maxPerSecond lines a second, by the clock of the client', () => {
  const { client, send, lines } = made({ sampleRate: 1, maxPerSecond: 2 })
  for (let n = 0; n < 5; n++) send()
  assert.equal(lines.length, 2)
  client.clock.advance(1000)
  send()
  assert.equal(lines.length, 3)
  assert.equal(lines[2]?.fields?.notLogged, 3)
})

test('logger - failures and dead letters are logged always, also where nothing else is', () => {
  const { send, lines } = made({ sampleRate: 0 })
  for (let n = 0; n < 3; n++) send(new KafkaError('TIMEOUT', 'too late'))
  send(null, {}, { deadLettered: 'bad', topic: 'topic.dlq' })
  send()
  send(null, {}, { dropped: 'noise' })
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields?.event]),
    [
      ['error', 'failed'],
      ['error', 'failed'],
      ['error', 'failed'],
      ['warn', 'deadLettered'],
    ],
  )
  assert.deepEqual(lines[0]?.fields?.error, { name: 'KafkaError', code: 'TIMEOUT', message: 'too late' })
})

test('logger - neither value, key nor headers are written unless asked for, and redacted ones not even then', () => {
  const init = { key: 'the key', value: 'the value', headers: { Authorization: 'a secret', app: 'shop' } }
  const quiet = made({ sampleRate: 1 })
  quiet.send(null, init)
  quiet.send(new KafkaError('TIMEOUT', 'late'), init)
  assert.equal(quiet.lines.length, 2)
  for (const hidden of ['the key', 'the value', 'a secret', 'shop']) assert.equal(quiet.client.logger.text().includes(hidden), false)
  const open = made({ sampleRate: 1, include: ['key', 'headers'] })
  open.send(null, init)
  const { key, headers } = open.lines[0]!.fields as { key: unknown; headers: unknown }
  assert.deepEqual({ key, headers }, { key: 'the key', headers: { Authorization: '[redacted]', app: 'shop' } })
  const redacting = made({ sampleRate: 0, include: ['key', 'headers'], redact: ['KEY', 'app'] })
  redacting.send(new KafkaError('TIMEOUT', 'late'), init)
  assert.equal(redacting.lines[0]?.fields?.key, '[redacted]')
  assert.deepEqual(redacting.lines[0]?.fields?.headers, { Authorization: 'a secret', app: '[redacted]' })
  for (const { client } of [open, redacting]) assert.equal(client.logger.text().includes('the value'), false)
})

test('logger - polls, handlers with their time, and commits', async () => {
  const { client, interceptor, lines } = made({ sampleRate: 1 }, { side: 'consumer', groupId: 'group' })
  const records = consumerRecordsOf([{ value: 'the value' }, { value: 'x' }, { topic: 'b', partition: 2, offset: 5 }])
  assert.equal(interceptor.onConsume?.(records, consumeContext()), records)
  const [record] = records
  const next = async (): Promise<void> => client.clock.advance(40)
  await interceptor.handle?.(record!, next, recordContext())
  await interceptor.handleBatch?.({ topic: 'b', partition: 2, records: records.records('b') }, next, consumeContext())
  const bad = JSON.parse.bind(null, '{"the value": tru')
  await assert.rejects(async () => interceptor.handle?.(record!, async () => bad(), recordContext()), SyntaxError)
  interceptor.onCommit?.([{ topic: 'topic', partition: 0, offset: 2, metadata: 'mine' }], { committed: [] })
  const common = { clientId: 'test-client', groupId: 'group' }
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields]),
    [
      [
        'debug',
        {
          event: 'consumed',
          ...common,
          records: 3,
          partitions: [
            { topic: 'topic', partition: 0, records: 2, offset: 0 },
            { topic: 'b', partition: 2, records: 1, offset: 5 },
          ],
        },
      ],
      ['info', { event: 'handled', ...common, topic: 'topic', partition: 0, offset: 0, durationMs: 40 }],
      ['info', { event: 'handled', ...common, topic: 'b', partition: 2, offset: 5, records: 1, durationMs: 40 }],
      [
        'error',
        { event: 'handlerFailed', ...common, topic: 'topic', partition: 0, offset: 0, durationMs: 0, error: { name: 'SyntaxError' } },
      ],
      ['debug', { event: 'committed', ...common, offsets: [{ topic: 'topic', partition: 0, offset: 2 }] }],
    ],
  )
  assert.equal(client.logger.text().includes('the value'), false)
})

test('logger - levels can be changed and switched off', () => {
  const { send, lines } = made({ sampleRate: 1, levels: { acknowledged: 'off', failed: 'warn', dropped: 'trace' } })
  send()
  send(new KafkaError('TIMEOUT', 'late'))
  send(null, {}, { dropped: 'noise' })
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields?.event]),
    [
      ['warn', 'failed'],
      ['debug', 'dropped'],
    ],
  )
})

test('logger - pino takes the lines as they are', () => {
  const written: Record<string, unknown>[] = []
  const { send, lines } = made({
    logger: pino({ level: 'trace' }, { write: (line) => void written.push(JSON.parse(line)) }),
    sampleRate: 1,
  })
  send()
  send(new KafkaError('TIMEOUT', 'late'))
  assert.deepEqual(
    written.map(({ level, msg, event, topic }) => ({ level, msg, event, topic })),
    [
      { level: 30, msg: 'record sent', event: 'acknowledged', topic: 'topic' },
      { level: 50, msg: 'send failed', event: 'failed', topic: 'topic' },
    ],
  )
  assert.equal(lines.length, 0)
})

test('logger - a logger that throws harms no record and no handler, and is told of once', async () => {
  const broken = {
    info() {
      throw new Error('disk full')
    },
  }
  const { client, interceptor, send } = made({ logger: broken, sampleRate: 1 })
  send()
  send(new KafkaError('TIMEOUT', 'late'))
  const [record] = consumerRecordsOf([{}])
  await interceptor.handle?.(record!, async () => {}, recordContext())
  assert.equal(client.logger.messages('warn').length, 1)
})

test('logger - wrong options are refused by name', () => {
  assert.throws(() => logger({ sampleRate: 2 }), /sampleRate must be a number from 0 to 1, not 2/)
  assert.throws(() => logger({ logger: {} as never }), /logger must be a logger with info/)
  assert.throws(() => logger({ levels: { sent: 'info' } as never }), /has no event "sent"; there are acknowledged/)
  assert.throws(() => logger({ include: ['value'] as never }), /include can hold key and headers, not "value"/)
})

test('logger - of very many headers only the first are written, and how many more there are', () => {
  const { send, lines } = made({ include: ['headers'], sampleRate: 1 })
  send(null, { headers: Array.from({ length: 1000 }, (_, index) => [`${'n'.repeat(300)}${index}`.slice(index % 2), 'x'] as const) })
  const { headers } = lines[0]!.fields as { headers: Record<string, string> }
  assert.equal(headers['...'], '950 more')
  assert.ok(JSON.stringify(headers).length < 60 * 300)
})
