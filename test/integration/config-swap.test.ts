import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { KafkaConsumer, KafkaProducer, loadConfig, silentLogger, stringDeserializer, stringSerializer } from 'sluice'
import { testCluster } from '../support/test-cluster.ts'

/** Writes which chain it belongs to into a header; also an asynchronous one, so that records wait between two of a chain. */
const STAMP = `export default ({ header, chain, isAsync, isBroken }) => ({
  name: 'stamp-' + header,
  configure() { if (isBroken) throw new Error('no luck') },
  onSend(record) {
    record.headers.set(header, chain)
    return isAsync ? new Promise((resolve) => setImmediate(resolve, record)) : record
  },
  onConsume(records) {
    for (const record of records) record.headers.set('consumed-' + header, chain)
    return records
  },
})
`
const CHANGES = 20

test('config - a file that changes under load, also to broken ones, loses no record, and none sees parts of two chains', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-swap-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'sluice.config.json')
  writeFileSync(join(folder, 'stamp.mjs'), STAMP)
  const write = (text: string): void => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  const listOf = (chain: string, last: object = {}): object[] => {
    const stamp = (header: string, more: object): object => ({ './stamp.mjs': { header, chain, onError: 'fail', ...more } })
    const timestamp = { 'timestamp-header': { headerName: 'at' } }
    return [stamp('first', {}), timestamp, stamp('middle', { isAsync: Number(chain) % 3 === 1 }), stamp('last', last)]
  }
  const textOf = (produced: readonly object[], consumed = produced): string =>
    JSON.stringify({ producer: { interceptors: produced }, consumer: { interceptors: consumed } })
  write(textOf(listOf('0')))

  await using cluster = await testCluster()
  const topic = await cluster.createTopic(3)
  const common = { bootstrapServers: cluster.bootstrapServers, logger: silentLogger }
  const config = await loadConfig(file)
  await using producer = new KafkaProducer({ ...common, valueSerializer: stringSerializer, lingerMs: 1 }, config.producer.interceptors)
  const reading = {
    ...common,
    groupId: cluster.unique('swap'),
    autoOffsetReset: 'earliest',
    valueDeserializer: stringDeserializer,
  } as const
  await using consumer = new KafkaConsumer(reading, config.consumer.interceptors)
  let told = Promise.withResolvers<'changed' | 'refused'>()
  const timestamps = [producer, consumer].map(({ interceptors }) => interceptors.list()[1])
  await using _watch = await config.watch([producer, consumer], {
    logger: silentLogger,
    debounceMs: 1,
    onChange: () => told.resolve('changed'),
    onError: () => told.resolve('refused'),
  })

  let isOver = false
  let sent = 0
  const offsets = new Set<string>()
  const sending = (async () => {
    const underWay: Promise<void>[] = []
    while (!isOver) {
      for (let index = 0; index < 20; index++) {
        const metadata = producer.send({ topic, value: `value ${sent++}` })
        underWay.push(metadata.then(({ partition, offset }) => void offsets.add(`${partition}-${offset}`)))
      }
      await setImmediate()
      if (underWay.length >= 2000) await Promise.all(underWay.splice(0))
    }
    await Promise.all(underWay)
  })()

  interface Seen {
    readonly produced: readonly (string | null | undefined)[]
    readonly consumed: readonly (string | null | undefined)[]
  }
  const seen = new Map<string, Seen>()
  const consuming = (async () => {
    consumer.subscribe([topic])
    while (!isOver || seen.size < sent) {
      for (const { value, headers } of await consumer.poll({ timeoutMs: 100 })) {
        assert.ok(!seen.has(value!), `${value} came twice`)
        const of = (prefix: string) => ['first', 'middle', 'last'].map((name) => headers.getString(prefix + name))
        seen.set(value!, { produced: of(''), consumed: of('consumed-') })
      }
    }
  })()
  // Whichever fails first is told; the other must not be an unhandled rejection meanwhile.
  const both = Promise.all([sending, consuming])
  both.catch(() => {})

  const chains = ['0']
  for (let change = 1; change <= CHANGES; change++) {
    const next = listOf(String(change))
    const unconfigured = textOf(listOf(String(change), { isBroken: true }), listOf(chains.at(-1)!))
    const broken = [textOf(next).slice(0, 40), unconfigured, textOf([...next, { hst: {} }])]
    told = Promise.withResolvers()
    if (change % 4 === 0) {
      write(broken[(change / 4) % broken.length]!)
      assert.equal(await told.promise, 'refused')
    } else {
      write(textOf(next))
      assert.equal(await told.promise, 'changed')
      chains.push(String(change))
    }
    const before = sent
    while (sent < before + 100) await setImmediate()
  }
  isOver = true
  await both

  assert.equal(seen.size, sent)
  assert.equal(offsets.size, sent)
  const used = new Set<string>()
  for (const [value, { produced, consumed }] of seen) {
    assert.deepEqual([new Set(produced).size, new Set(consumed).size], [1, 1], `${value}: ${produced} ${consumed}`)
    used.add(produced[0]!)
  }
  assert.deepEqual([...used].sort(), chains.sort())
  // What did not change kept its state.
  assert.deepEqual(
    [producer, consumer].map(({ interceptors }) => interceptors.list()[1]),
    timestamps,
  )
})
