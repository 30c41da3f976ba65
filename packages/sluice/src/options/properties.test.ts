import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { KafkaConsumer, KafkaProducer } from 'sluice'
import { isKafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import { RecordHeaders } from '../record/headers.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import { stringDeserializer, stringSerializer } from '../record/serdes.ts'
import { fromProperties } from './properties.ts'
import { parseProperties } from './properties-text.ts'
import { resolveConsumerOptions, resolveProducerOptions } from './resolve-options.ts'

const refused = (pattern: RegExp) => (error: unknown) => isKafkaError(error) && error.code === 'CONFIG' && pattern.test(error.message)

test('properties - the text is read as java.util.Properties reads it', () => {
  const text = [
    '# comment',
    '  ! another, = : ',
    'a=1',
    'b: 2 ',
    'c   3',
    'd = x\\',
    '    y\\\\',
    'e\\ f\\=g=h\\u00e9\\t!\\q',
    'empty',
    'twice=1\r\ntwice=2',
    'none=',
    '',
    'end=1\\',
  ].join('\n')
  assert.deepEqual(
    [...parseProperties(text)],
    [
      ['a', '1'],
      ['b', '2 '],
      ['c', '3'],
      ['d', 'xy\\'],
      ['e f=g', 'hé\t!q'],
      ['empty', ''],
      ['twice', '2'],
      ['none', ''],
      ['end', '1'],
    ],
  )
})

test('properties - any text is read without throwing, and escaped ones come back', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseProperties(text)))
  const escaped = (text: string): string => text.replaceAll(/[\s\S]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), (key, value) => {
      assert.deepEqual([...parseProperties(`${escaped(key)}=${escaped(value)}`)], [[key, value]])
    }),
  )
})

test('properties - dotted names become options with their types, for whichever client takes them', () => {
  const options = fromProperties(`
    bootstrap.servers=a:1, b:2
    acks=ALL
    linger.ms=7
    enable.auto.commit=FALSE
    group.id=g
    compression.type=zstd
    partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor
    key.serializer=org.apache.kafka.common.serialization.StringSerializer
    key.deserializer=org.apache.kafka.common.serialization.StringDeserializer
    interceptor.classes=
    client.rack=
  `)
  const producer = resolveProducerOptions({ ...options, logger: silentLogger })
  assert.deepEqual([producer.bootstrapServers, producer.acks, producer.lingerMs, producer.compressionType], [['a:1', 'b:2'], -1, 7, 'zstd'])
  assert.equal(producer.keySerializer, stringSerializer)
  const consumer = resolveConsumerOptions({ ...options, logger: silentLogger })
  assert.deepEqual(
    [consumer.groupId, consumer.enableAutoCommit, consumer.partitionAssignmentStrategy],
    ['g', false, ['cooperative-sticky']],
  )
  assert.equal(consumer.keyDeserializer, stringDeserializer)
})

test('properties - an object with dotted names is read like the text', () => {
  const options = fromProperties({
    'bootstrap.servers': ['a:1'],
    'linger.ms': 7,
    'enable.idempotence': false,
    'interceptor.classes': 'x.A, B',
  })
  assert.deepEqual(
    [options.bootstrapServers, options.lingerMs, options.enableIdempotence, options.interceptorClasses],
    [['a:1'], 7, false, ['x.A', 'B']],
  )
  assert.throws(() => resolveProducerOptions(options), refused(/interceptor\.classes.*x\.A/))
  const withOptions = { interceptorClasses: [{ 'static-header': { key: 'a' } }, 'host'], bootstrapServers: 'a:1' } as const
  assert.deepEqual(
    resolveProducerOptions(withOptions).interceptorClasses.map(({ name }) => name),
    ['static-header', 'host-header'],
  )
  const noEntry = [{ a: {}, b: {} }] as unknown as readonly string[]
  assert.throws(
    () => resolveProducerOptions({ ...withOptions, interceptorClasses: noEntry }),
    refused(/interceptorClasses .* must be a list of names/),
  )
  assert.throws(() => fromProperties({ 'linger.ms': {} }), refused(/linger\.ms must be a string/))
})

const at = 'bootstrap.servers=localhost:1\n'

test('properties - interceptor.classes names ready-made ones as Sluice, Flume and Java call them; their options come with the types they want', () => {
  const options = fromProperties(`${at}
    interceptor.classes=TIMESTAMP, org.apache.flume.interceptor.StaticInterceptor$Builder, regexFilter, host-header
    interceptor.timestamp-header.preserveExisting=true
    interceptor.StaticInterceptor.key=region
    interceptor.static.value=12
    interceptor.REGEX_FILTER.regex=true
    interceptor.regexFilter.topics=web, shop
    interceptor.regexFilter.when.not=web-internal
    interceptor.regexFilter.disableAfter.failures=5
    interceptor.regexFilter.timeoutMs=100
    interceptor.host-header.enabled=false
  `)
  assert.deepEqual(options.unused, [])
  const [timestamp, region, filter, ...more] = resolveProducerOptions({ ...options, logger: silentLogger }).interceptorClasses
  assert.deepEqual([timestamp?.name, region?.name, filter?.name, more.length], ['timestamp-header', 'static-header', 'regex-filter', 0])
  assert.deepEqual(
    [filter?.topics, filter?.when, filter?.disableAfter, filter?.timeoutMs],
    [['web', 'shop'], { not: 'web-internal' }, { failures: 5 }, 100],
  )
  const headers = new RecordHeaders()
  headers.set('timestamp', 'old')
  const record = { topic: 'web', key: null, value: 'it is true', headers } as unknown as ProducerRecord
  const context = { state: undefined, signal: new AbortController().signal }
  for (const interceptor of [timestamp, region, filter]) assert.equal(interceptor?.onSend?.(record, context), record)
  assert.deepEqual([headers.getString('timestamp'), headers.getString('region')], ['old', '12'])
})

test('properties - clients take the interceptors of the properties first, then those of the second argument', async () => {
  const options = { ...fromProperties(`${at}interceptor.classes=timestamp,host`), logger: silentLogger }
  await using producer = new KafkaProducer(options, [{ name: 'mine' }])
  await using consumer = new KafkaConsumer(options, [{ name: 'mine' }])
  for (const { interceptors } of [producer, consumer]) {
    assert.deepEqual(
      interceptors.list().map(({ name }) => name),
      ['timestamp-header', 'host-header', 'mine'],
    )
  }
  assert.notEqual(producer.interceptors.list()[0], consumer.interceptors.list()[0])
})

test('properties - interceptors come from module paths and packages, and a class is made with new', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-properties-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'mask-card.mjs')
  writeFileSync(
    file,
    `export class Mask { #fields; name = 'mask'; constructor({ fields }) { this.#fields = fields } onSend(record) { record.fields = this.#fields; return record } }
export const plain = { name: 'plain', onSend: (record) => record }
export const broken = () => { throw new Error('no ' + 'luck') }
export const consumers = { name: 'c', onConsume: (records) => records }`,
  )
  const { interceptorClasses } = resolveProducerOptions(
    fromProperties(`${at}interceptor.classes=${file}#Mask,${file}#plain
interceptor.Mask.fields=card
interceptor.mask-card.topics=shop`),
  )
  assert.deepEqual(
    interceptorClasses.map(({ name, topics }) => [name, topics]),
    [
      ['mask', 'shop'],
      ['plain', 'shop'],
    ],
  )
  const record = {} as ProducerRecord & { fields?: string }
  interceptorClasses[0]?.onSend?.(record, { state: undefined, signal: new AbortController().signal })
  assert.equal(record.fields, 'card')
  const refusedEach = [
    [`${file}`, /exports several and no default.*Mask/],
    [`${file}#Mosk`, /has no export "Mosk"; did you mean "Mask"\?/],
    [`${file}#broken`, /no luck/],
    [`${file}#consumers`, /has no hook that a producer calls/],
    [join(folder, 'mask-crad.mjs'), /there is no such file; did you mean "mask-card\.mjs"\?/],
    ['timestmp', /unknown interceptor "timestmp"; did you mean "timestamp"\?/],
    ['org.apache.flume.interceptor.TimstampInterceptor', /the Java class .* has no counterpart here; did you mean "timestamp"\?/],
    ['sluice-not-there', /no package of that name is installed/],
    ['yaml', /"yaml" exports several and no default; .*; it exports/],
  ] as const
  for (const [name, pattern] of refusedEach) {
    assert.throws(() => resolveProducerOptions(fromProperties(`${at}interceptor.classes=${name}`)), refused(pattern))
  }
})

test('properties - options of interceptors that are wrong are all told, without their values', () => {
  const wrong = fromProperties(`${at}interceptor.classes=regex_filter
    interceptor.regex_filter.rgex=secret
    interceptor.regex_filter.excludeEvents=secret
    interceptor.regex_filter.onError=secret
    interceptor.regex_filter.topics=/se(cret/`)
  assert.throws(
    () => resolveProducerOptions(wrong),
    (error: Error) =>
      refused(/"rgex"; did you mean "regex"[\s\S]*excludeEvents must be true or false/)(error) &&
      /onError must be/.test(error.message) &&
      /topics .*expression/.test(error.message) &&
      !/secret|se\(cret/.test(error.message),
  )
  assert.throws(
    () => fromProperties('interceptor.classes=timestamp\ninterceptor.timestmp.headerName=x'),
    refused(/"interceptor\.timestmp\.headerName" belongs to no interceptor of interceptor\.classes; did you mean "timestamp"\?/),
  )
  assert.deepEqual(fromProperties('interceptor.static.key=x').unused, ['interceptor.static.key'])
})

test('properties - a slip of the pen is refused with the near name, other unknown names are collected', () => {
  assert.throws(() => fromProperties('linger.mss=1'), refused(/"linger\.mss"; did you mean "linger\.ms"\?/))
  const { unused } = fromProperties('bootstrap.servers=a:1\nmetric.reporters=x\nour.own=y')
  assert.deepEqual(unused, ['metric.reporters', 'our.own'])
})

test('properties - a serializer class that is not known is refused by the client, unless the application gives one', () => {
  const properties = fromProperties('bootstrap.servers=a:1\nvalue.serializer=io.confluent.kafka.serializers.KafkaAvroSerializer')
  assert.throws(
    () => resolveProducerOptions(properties),
    refused(/valueSerializer \(value\.serializer\) must be an object with the method serialize, not string/),
  )
  assert.equal(resolveProducerOptions({ ...properties, valueSerializer: stringSerializer }).valueSerializer, stringSerializer)
})

test('properties - a value that is wrong is refused by the client with both names', () => {
  assert.throws(
    () => resolveProducerOptions(fromProperties('bootstrap.servers=a:1\nlinger.ms=soon')),
    refused(/lingerMs \(linger\.ms\) must be .*"soon"/),
  )
})

test('properties - user name and password come out of sasl.jaas.config, in either kind of quotes', () => {
  const login = 'org.apache.kafka.common.security.scram.ScramLoginModule required'
  const base = { 'bootstrap.servers': 'a:1', 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'SCRAM-SHA-256' }
  for (const [jaas, username, password] of [
    [`${login} username="u" password="p w;\\"x\\"";`, 'u', 'p w;"x"'],
    [`${login}\n  password='p' username='u';`, 'u', 'p'],
    [`${login} username=u password=p;`, 'u', 'p'],
  ] as const) {
    assert.deepEqual(fromProperties({ ...base, 'sasl.jaas.config': jaas }).sasl, { mechanism: 'SCRAM-SHA-256', username, password })
  }
  assert.throws(
    () => fromProperties({ ...base, 'sasl.jaas.config': `${login} username="u" pass="secret";` }),
    (error) => refused(/needs sasl\.jaas\.config/)(error) && !/secret/.test((error as Error).message),
  )
  assert.throws(() => fromProperties({ ...base, 'sasl.mechanism': 'GSSAPI' }), refused(/"GSSAPI" is not known/))
  assert.throws(() => fromProperties({ ...base, 'sasl.mechanism': 'OAUTHBEARER' }), refused(/token function/))
  assert.equal(
    fromProperties({ 'bootstrap.servers': 'a:1', 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': 'x username=u password=p' }).sasl,
    undefined,
  )
})

test('properties - PEM and PKCS12 stores become options of tls.connect', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-properties-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const base = { 'bootstrap.servers': 'a:1', 'security.protocol': 'SSL' }
  const pem = fromProperties({
    ...base,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': file('ca.pem', 'CA'),
    'ssl.keystore.certificate.chain': 'CHAIN',
    'ssl.keystore.key': 'KEY',
    'ssl.key.password': 'p',
  })
  assert.deepEqual(pem.ssl, { ca: 'CA', cert: 'CHAIN', key: 'KEY', passphrase: 'p' })
  const p12 = fromProperties({
    ...base,
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': file('k.p12', 'K'),
    'ssl.keystore.password': 'p',
  })
  assert.deepEqual(p12.ssl, { pfx: Buffer.from('K'), passphrase: 'p' })
  assert.throws(() => fromProperties({ ...base, 'ssl.truststore.location': file('t.jks', '') }), refused(/JKS cannot be read by Node/))
  const missing = { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': join(folder, 'no.pem') }
  assert.throws(() => fromProperties({ ...base, ...missing }), refused(/cannot be read: ENOENT/))
})
