import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { fromProperties, KafkaConsumer, KafkaProducer, silentLogger, stringDeserializer, stringSerializer } from 'sluice'
import {
  hostHeader,
  regexExtractor,
  regexFilter,
  removeHeader,
  searchReplace,
  staticHeader,
  timestampHeader,
  uuidHeader,
} from 'sluice/interceptors'
import { testCluster } from '../support/test-cluster.ts'

const LINES = [
  '[Sun Dec 04 04:47:44 2005] [error] mod_jk child workerEnv in error state 6',
  '[Sun Dec 04 04:51:08 2005] [notice] jk2_init() Found child 6725 in scoreboard slot 10',
  '[Sun Dec 04 05:15:09 2005] [error] [client 192.0.2.38] Directory index forbidden by rule: /var/www/html/',
]

for (const compat of ['none', 'flume'] as const) {
  test(`Flume's set - all of it on one producer, and what it wrote is in the log (compat: ${compat})`, async () => {
    await using cluster = await testCluster()
    const topic = await cluster.createTopic(1)
    await using producer = new KafkaProducer<null, string>(
      { bootstrapServers: cluster.bootstrapServers, valueSerializer: stringSerializer, logger: silentLogger },
      [
        regexFilter({ compat, regex: '\\[error\\]' }),
        regexExtractor({
          compat,
          regex: '^\\[([^\\]]+)\\] \\[(\\w+)\\]',
          serializers: [{ name: 'time', type: 'millis', pattern: 'EEE MMM dd HH:mm:ss yyyy', timeZone: 'UTC' }, { name: 'level' }],
        }),
        searchReplace({ compat, searchPattern: '(\\d+)\\.(\\d+)\\.\\d+\\.\\d+', replaceString: '$1.$2.x.x' }),
        timestampHeader({ compat }),
        hostHeader({ compat, useIP: false }),
        staticHeader({ compat, key: 'dc', value: 'fra-1' }),
        uuidHeader({ compat, version: 7, prefix: 'e-' }),
        removeHeader({ compat, matching: 'internal-.*' }),
      ],
    )
    const sent = await Promise.all(LINES.map((value) => producer.send({ topic, value, headers: { 'internal-route': 'a', dc: 'own' } })))
    assert.deepEqual(
      sent.map(({ dropped }) => dropped),
      [undefined, 'does not match the regex', undefined],
    )
    const stored = await cluster.records(topic, 0)
    assert.deepEqual(
      stored.map(({ value }) => String(value)),
      [LINES[0], LINES[2]!.replace('192.0.2.38', '192.0.x.x')],
    )
    for (const [index, { headers }] of stored.entries()) {
      const of = Object.fromEntries(headers.map(({ key, value }) => [key, String(value)]))
      assert.deepEqual(headers.map(({ key }) => key).sort(), ['dc', 'host', 'id', 'level', 'time', 'timestamp'])
      assert.equal(of.time, String(Date.UTC(2005, 11, 4, ...[[4, 47, 44] as const, [5, 15, 9] as const][index]!)))
      assert.equal(of.level, 'error')
      assert.equal(of.dc, 'own')
      assert.match(of.id!, /^e-[0-9a-f]{8}-[0-9a-f]{4}-7/)
      assert.ok(Math.abs(Number(of.timestamp) - Date.now()) < 60_000)
      if (compat === 'none') assert.equal(of.host, hostname())
    }
  })
}

test("Flume's set - on a consumer, with patterns from a configuration file's form", async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  await using producer = new KafkaProducer<null, string>({
    bootstrapServers: cluster.bootstrapServers,
    valueSerializer: stringSerializer,
    logger: silentLogger,
  })
  for (const value of LINES) await producer.send({ topic, value, headers: { secret: 's' } })
  await using consumer = new KafkaConsumer<null, string>(
    {
      bootstrapServers: cluster.bootstrapServers,
      groupId: cluster.unique('group'),
      valueDeserializer: stringDeserializer,
      autoOffsetReset: 'earliest',
      logger: silentLogger,
    },
    [
      regexFilter({ compat: 'flume', regex: '\\Q[error]\\E' }),
      regexExtractor({ compat: 'flume', regex: '\\] \\[(\\w+)\\]', serializers: 's1', 'serializers.s1.name': 'level' }),
      searchReplace({ searchPattern: '/var/\\S+', replaceString: '-' }),
      removeHeader({ withName: 'secret' }),
      uuidHeader(),
    ],
  )
  consumer.subscribe([topic])
  const seen: { value: string | null; keys: readonly string[]; level: string | null | undefined }[] = []
  for await (const { value, headers } of consumer) {
    seen.push({ value, keys: headers.keys(), level: headers.getString('level') })
    if (seen.length === 2) break
  }
  assert.deepEqual(seen, [
    { value: LINES[0]!, keys: ['level', 'id'], level: 'error' },
    { value: LINES[2]!.replace('/var/www/html/', '-'), keys: ['level', 'id'], level: 'error' },
  ])
})

test("Flume's set - by Flume's classes, aliases and properties, from a Java client's configuration", async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const properties = fromProperties(`
    bootstrap.servers = ${cluster.bootstrapServers}
    interceptor.classes = org.apache.flume.interceptor.RegexExtractorInterceptor$Builder, remove_header, search_replace
    interceptor.regex_extractor.compat = flume
    interceptor.regex_extractor.regex = (\\\\d+):(\\\\d+)
    interceptor.regex_extractor.serializers = s1 s2
    interceptor.regex_extractor.serializers.s1.name = one
    interceptor.regex_extractor.serializers.s2.name = at
    interceptor.regex_extractor.serializers.s2.type = org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer
    interceptor.regex_extractor.serializers.s2.pattern = yyyyMMdd
    interceptor.regex_extractor.serializers.s2.timeZone = UTC
    interceptor.remove_header.fromList = a, b
    interceptor.search_replace.searchPattern = ^\\\\S+\\\\s
  `)
  await using producer = new KafkaProducer<null, string>({ ...properties, valueSerializer: stringSerializer, logger: silentLogger }, [])
  await producer.send({ topic, value: '7:20240229 rest', headers: { a: '1', b: '2', c: '3' } })
  const [stored] = await cluster.records(topic, 0)
  assert.equal(String(stored!.value), 'rest')
  assert.deepEqual(
    stored!.headers.map(({ key, value }) => [key, String(value)]),
    [
      ['c', '3'],
      ['one', '7'],
      ['at', '1709164800000'],
    ],
  )
})
