import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isKafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import { adminOptions } from './admin-options.ts'
import { consumerOptions } from './consumer-options.ts'
import { networkOptions } from './network-options.ts'
import type { AnyOptionTable } from './option-table.ts'
import { type ProducerOptions, producerOptions } from './producer-options.ts'
import { draftOf, producerRules, resolveAdminOptions, resolveConsumerOptions, resolveProducerOptions } from './resolve-options.ts'

const bootstrapServers = 'localhost:9092'
const producer = (options: ProducerOptions | Record<string, unknown> = {}) =>
  resolveProducerOptions({ bootstrapServers, logger: silentLogger, ...options })
const consumer = (options: Record<string, unknown> = {}) => resolveConsumerOptions({ bootstrapServers, logger: silentLogger, ...options })
const refused =
  (...patterns: RegExp[]) =>
  (error: unknown) =>
    isKafkaError(error) && error.code === 'CONFIG' && patterns.every((one) => one.test(error.message))

/** The rules between options alone, so that those of transactions can be asked although they are not supported yet. */
function rules(options: Record<string, unknown>): { values: Record<string, unknown>; problems: readonly string[] } {
  const draft = draftOf('producer', { bootstrapServers, ...options })
  producerRules(draft)
  return draft
}

test('options - defaults are those of Java 4.x, and the result is frozen', () => {
  const options = producer()
  assert.deepEqual(
    [
      options.acks,
      options.lingerMs,
      options.batchSize,
      options.bufferMemory,
      options.maxBlockMs,
      options.maxRequestSize,
      options.deliveryTimeoutMs,
    ],
    [-1, 5, 16384, 33554432, 60000, 1048576, 120000],
  )
  assert.equal(options.enableIdempotence, true)
  assert.throws(() => Object.assign(options, { lingerMs: 1 }), TypeError)
  const { maxPollRecords, autoOffsetReset, sessionTimeoutMs, fetchMaxBytes, partitionAssignmentStrategy } = consumer({ groupId: 'g' })
  assert.deepEqual(
    [maxPollRecords, autoOffsetReset, sessionTimeoutMs, fetchMaxBytes, partitionAssignmentStrategy],
    [500, 'latest', 45000, 52428800, ['range', 'cooperative-sticky']],
  )
  assert.equal(resolveAdminOptions({ bootstrapServers }).defaultApiTimeoutMs, 60000)
})

test('options - one error names all that is wrong: both names, value and bound', () => {
  assert.throws(
    () => producer({ linger: 1, batchSize: -1, retries: 1.5, compressionType: 'brotli', groupId: 'g', lingerMs: '5' }),
    refused(
      /6 problems/,
      /unknown option "linger"; did you mean "lingerMs"\?/,
      /batchSize \(batch\.size\) must be a whole number from 0 to 2147483647, not -1/,
      /retries must be .*, not 1\.5/,
      /compressionType \(compression\.type\) must be one of .*"zstd", not "brotli"/,
      /groupId is an option of KafkaConsumer, not of KafkaProducer/,
      /lingerMs \(linger\.ms\) must be .*, not "5"/,
    ),
  )
  assert.throws(() => resolveProducerOptions({} as never), refused(/bootstrapServers \(bootstrap\.servers\) is missing/))
  assert.throws(() => producer({ bootstrapServers: 'localhost' }), refused(/"host:port"/))
  assert.throws(() => resolveProducerOptions(null as never), refused(/must be an object/))
})

test('options - a secret is not shown', () => {
  for (const options of [{ sasl: { mechanism: 'PLAIN', username: 'secret', password: 5 } }, { ssl: 'secret' }, { sasl: 'secret' }]) {
    assert.throws(
      () => producer(options),
      (error) => refused(/sasl|ssl/)(error) && !/secret/.test((error as Error).message),
    )
  }
})

test('options - resolving twice changes nothing, and undefined counts as not given', () => {
  const options = producer({ acks: 1, lingerMs: 40_000, requestTimeoutMs: 90_000, retries: undefined })
  assert.deepEqual(resolveProducerOptions({ ...options, interceptorClasses: [] }), options)
  assert.equal(options.retries, 2147483647)
})

test('options - securityProtocol follows from ssl and sasl, and may not gainsay them', () => {
  const sasl = { mechanism: 'PLAIN', username: 'u', password: 'p' }
  assert.equal(producer().securityProtocol, 'PLAINTEXT')
  assert.equal(producer({ ssl: {} }).securityProtocol, 'SSL')
  assert.equal(producer({ sasl }).securityProtocol, 'SASL_PLAINTEXT')
  assert.equal(producer({ sasl, ssl: {} }).securityProtocol, 'SASL_SSL')
  assert.throws(() => producer({ sasl, securityProtocol: 'SSL' }), refused(/must be SASL_PLAINTEXT or SASL_SSL/))
  assert.throws(() => producer({ ssl: {}, securityProtocol: 'PLAINTEXT' }), refused(/must be SSL or SASL_SSL/))
  assert.throws(() => producer({ securityProtocol: 'SASL_SSL' }), refused(/needs the option sasl/))
})

test('KP-3 options - a client id is generated as in Java, and one that is given stays, also an empty one', () => {
  const [first, second] = [producer().clientId, producer().clientId]
  assert.match(first, /^producer-\d+$/)
  assert.equal(Number(second.slice(9)), Number(first.slice(9)) + 1)
  assert.match(consumer({ groupId: 'g' }).clientId, /^consumer-g-\d+$/)
  assert.equal(consumer({ groupId: 'g', groupInstanceId: 'i' }).clientId, 'consumer-g-i')
  assert.match(resolveAdminOptions({ bootstrapServers }).clientId, /^adminclient-\d+$/)
  assert.equal(producer({ clientId: '' }).clientId, '')
})

test('KP-23 options - a transactional id asks for idempotence, acks all and retries', () => {
  const { values, problems } = rules({ transactionalId: 't' })
  assert.deepEqual([values.enableIdempotence, values.acks, values.retries, problems], [true, -1, 2147483647, []])
})

test('KP-24 options - acks and idempotence that agree are taken as they are', () => {
  const off = producer({ acks: 0, enableIdempotence: false })
  assert.deepEqual([off.acks, off.enableIdempotence], [0, false])
  const all = producer({ acks: 'all', enableIdempotence: false })
  assert.deepEqual([all.acks, all.enableIdempotence], [-1, false])
})

test('KP-25 options - acks 0 or 1, or no retries, turn idempotence off when it was not asked for', () => {
  assert.deepEqual([producer({ acks: 0 }).enableIdempotence, producer({ acks: 0 }).acks], [false, 0])
  assert.deepEqual([producer({ acks: 1 }).enableIdempotence, producer({ acks: 1 }).acks], [false, 1])
  assert.equal(producer({ retries: 0 }).enableIdempotence, false)
})

test('KP-26 options - acks and idempotence that disagree are refused', () => {
  assert.throws(() => producer({ acks: 1, enableIdempotence: true }), refused(/acks must be "all", not 1/))
  assert.throws(() => producer({ retries: 0, enableIdempotence: true }), refused(/retries must be more than 0/))
  assert.match(rules({ acks: 0, transactionalId: 't' }).problems.join(), /acks must be "all", not 0/)
  assert.match(rules({ enableIdempotence: false, transactionalId: 't' }).problems.join(), /transactionalId .* needs enableIdempotence/)
})

test('KP-28 options - more than five requests in flight need idempotence to be off', () => {
  const maxInFlightRequestsPerConnection = 6
  assert.equal(producer({ maxInFlightRequestsPerConnection, enableIdempotence: false }).maxInFlightRequestsPerConnection, 6)
  assert.equal(producer({ maxInFlightRequestsPerConnection, acks: 1 }).enableIdempotence, false)
  const tooMany = refused(/maxInFlightRequestsPerConnection .* must be at most 5, not 6/)
  assert.throws(() => producer({ maxInFlightRequestsPerConnection }), tooMany)
  assert.throws(() => producer({ maxInFlightRequestsPerConnection, enableIdempotence: true }), tooMany)
  assert.equal(rules({ maxInFlightRequestsPerConnection, transactionalId: 't' }).problems.length, 1)
  assert.equal(rules({ maxInFlightRequestsPerConnection: 5, enableIdempotence: false, transactionalId: 't' }).problems.length, 1)
})

test('options - a delivery timeout that is too short is refused, and a default one is raised with a warning', () => {
  assert.throws(() => producer({ deliveryTimeoutMs: 30_000 }), refused(/deliveryTimeoutMs .* at least .* = 30005, not 30000/))
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) }
  assert.equal(producer({ requestTimeoutMs: 150_000, logger }).deliveryTimeoutMs, 150_005)
  assert.match(warnings.join(), /deliveryTimeoutMs .* was raised/)
})

test('options - a consumer without a group commits nothing by itself, and its heartbeat is shorter than its session', () => {
  assert.equal(consumer().enableAutoCommit, false)
  assert.equal(consumer({ groupId: 'g' }).enableAutoCommit, true)
  assert.throws(() => consumer({ enableAutoCommit: true }), refused(/enableAutoCommit .* needs groupId/))
  assert.throws(() => consumer({ groupId: 'g', heartbeatIntervalMs: 45_000 }), refused(/heartbeatIntervalMs .* less than sessionTimeoutMs/))
  assert.throws(() => consumer({ partitionAssignmentStrategy: ['sticki'] }), refused(/partitionAssignmentStrategy .* "cooperative-sticky"/))
})

test('options - what is not supported yet is said, and not ignored', () => {
  for (const options of [{ transactionalId: 't' }, { partitionerRackAware: true }, { clientRack: 'r' }]) {
    assert.throws(() => producer(options), refused(/not supported yet/))
  }
  assert.throws(() => consumer({ groupProtocol: 'consumer' }), refused(/not supported yet/))
})

const files = ['network', 'producer', 'consumer', 'admin']
const tables: Record<string, AnyOptionTable> = {
  network: networkOptions(65_536),
  producer: producerOptions,
  consumer: consumerOptions,
  admin: adminOptions,
}

for (const file of files) {
  test(`options - each @default in the ${file} interface is the one in the table, and the docs say the same`, () => {
    const source = readFileSync(new URL(`./${file}-options.ts`, import.meta.url), 'utf8')
    const documented = [...source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\s+readonly (\w+)\?:/g)]
    assert.ok(documented.length >= 2)
    for (const [, comment, name] of documented as unknown as [string, string, string][]) {
      const spec = tables[file]?.[name]
      assert.ok(spec, `${name} has no row`)
      const text = /^([\s\S]*?)@default\s+([\s\S]*?)\s*$/.exec(comment.replace(/^\s*\* ?/gm, ''))
      assert.ok(text, `${name} says no @default`)
      const [, doc, told] = text as unknown as [string, string, string]
      if (doc.trim() !== '') assert.equal(spec.doc.replaceAll('’', "'"), doc.trim().replaceAll('’', "'"))
      const given = spec.default
      const expected = Array.isArray(given) ? `[${given.join(', ')}]` : given === '' ? '""' : String(given)
      if (typeof given === 'object' && !Array.isArray(given)) assert.equal(told, spec.defaultText)
      else if (given !== undefined) assert.equal(told.split(',')[0] === expected ? expected : told, expected, name)
    }
  })
}
