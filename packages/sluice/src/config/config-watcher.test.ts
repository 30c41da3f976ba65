import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isKafkaError, KafkaConsumer, KafkaProducer, type Logger, loadConfig, type ProducerInterceptor, silentLogger } from 'sluice'
import { ManualClock } from '../testing/manual-clock.ts'

/** A module whose interceptors count how often they were configured and closed. */
const COUNTING = `export const log = (globalThis.sluiceConfigLog ??= [])
export default (options = {}) => {
  if (options.mode === 'refused') throw new Error('this mode is refused')
  return {
    name: 'counting', ...options,
    configure() {
      if (options.mode === 'hanging') { log.push('hanging'); return globalThis.sluiceConfigHang }
      if (options.mode === 'broken') throw new Error('no luck')
      log.push('configure ' + options.id)
    },
    onSend: (record) => record,
    close() { log.push('close ' + options.id) },
  }
}
`
const log: string[] = ((globalThis as { sluiceConfigLog?: string[] }).sluiceConfigLog ??= [])
const logged = (): string[] => log.splice(0)

interface Setting {
  readonly folder: string
  readonly file: string
  write(interceptors: readonly unknown[], side?: 'producer' | 'consumer'): void
  writeText(text: string): void
}

function setting(context: TestContext): Setting {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-watch-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'sluice.config.json')
  writeFileSync(join(folder, 'counting.mjs'), COUNTING)
  logged()
  const writeText = (text: string): void => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  return { folder, file, writeText, write: (interceptors, side = 'producer') => writeText(JSON.stringify({ [side]: { interceptors } })) }
}

const counting = (id: string, more: object = {}): object => ({ './counting.mjs': { id, ...more } })
const options = { bootstrapServers: 'localhost:1', logger: silentLogger }
/** For tests that call `reload` themselves: nothing else reads the files. */
const asked = { logger: silentLogger, debounceMs: 1e9, pollIntervalMs: 1e9 }
const names = (client: { readonly interceptors: { list(): readonly { name: string; id?: string }[] } }): string[] =>
  client.interceptors.list().map(({ name, id }) => (id === undefined ? name : id))

test('config watch - entries that did not change keep their interceptor, others are made, configured and closed', async (context) => {
  const { file, write } = setting(context)
  write([counting('a'), counting('b'), 'timestamp'])
  const config = await loadConfig(file)
  const own: ProducerInterceptor = { name: 'own' }
  const last: ProducerInterceptor = { name: 'last' }
  await using producer = new KafkaProducer(options, [own, ...config.producer.interceptors, last])
  await using watch = await config.watch(producer, asked)
  const [, a, b, timestamp] = producer.interceptors.list()
  assert.deepEqual(logged(), ['configure a', 'configure b'])

  assert.equal(await watch.reload(), true)
  assert.deepEqual(logged(), [])

  write(['timestamp', counting('c'), counting('a')])
  assert.equal(await watch.reload(), true)
  assert.deepEqual(names(producer), ['own', 'timestamp-header', 'c', 'a', 'last'])
  assert.deepEqual([producer.interceptors.list()[1], producer.interceptors.list()[3]], [timestamp, a])
  assert.ok(!producer.interceptors.list().includes(b!))
  assert.deepEqual(logged(), ['configure c', 'close b'])

  write([])
  await watch.reload()
  assert.deepEqual(names(producer), ['own', 'last'])
  write([counting('d')])
  await watch.reload()
  assert.deepEqual(names(producer), ['d', 'own', 'last'])
})

test('config watch - each client keeps interceptors of its own, and takes those of its side', async (context) => {
  const { file, writeText } = setting(context)
  const both = (ids: readonly string[]): string =>
    JSON.stringify({ producer: { interceptors: ids.map((id) => counting(id)) }, consumer: { interceptors: ['host'] } })
  writeText(both(['a']))
  const config = await loadConfig(file)
  await using first = new KafkaProducer(options, config.producer.interceptors)
  await using second = new KafkaProducer(options, config.producer.interceptors)
  await using consumer = new KafkaConsumer(options, config.consumer.interceptors)
  await using watch = await config.watch([first, second, consumer], asked)
  writeText(both(['a', 'b']))
  await watch.reload()
  assert.deepEqual([names(first), names(second), names(consumer)], [['a', 'b'], ['a', 'b'], ['host-header']])
  for (const index of [0, 1]) assert.notEqual(first.interceptors.list()[index], second.interceptors.list()[index])
  await using third = new KafkaProducer(options, config.producer.interceptors)
  assert.deepEqual(names(third), ['a', 'b'])

  await second.close()
  writeText(both(['c']))
  assert.equal(await watch.reload(), true)
  assert.deepEqual([names(first), names(second)], [['c'], ['a', 'b']])
})

test('config watch - a file or chain that cannot be taken leaves the old one running, and is told', async (context) => {
  const { file, folder, write, writeText } = setting(context)
  write([counting('a')])
  const config = await loadConfig(file)
  await using producer = new KafkaProducer(options, config.producer.interceptors)
  const errors: Error[] = []
  const lines: string[] = []
  const logger: Logger = { ...silentLogger, error: (message) => void lines.push(message) }
  const onError = (error: Error): void => {
    errors.push(error)
    throw new Error('a callback that throws ends nothing')
  }
  await using watch = await config.watch(producer, { ...asked, logger, onError })
  const before = producer.interceptors.list()
  const broken: readonly (readonly [() => void, RegExp])[] = [
    [() => writeText('{ "producer": '), /sluice\.config\.json:1:15: the file ends/],
    [() => write(['hst']), /:1:\d+: unknown interceptor "hst"/],
    [() => write([counting('b', { mode: 'refused' })]), /:1:\d+: \.\/counting\.mjs: this mode is …/],
    [() => write([counting('b'), counting('c', { mode: 'broken' })]), /interceptor "counting" failed in configure: no luck/],
    [() => unlinkSync(file), /does not exist/],
  ]
  for (const [breakIt, pattern] of broken) {
    breakIt()
    assert.equal(await watch.reload(), false)
    const error = errors.pop()
    assert.ok(isKafkaError(error) && error.code === 'CONFIG')
    assert.match(error.message, pattern)
    assert.ok(lines.some((line) => pattern.test(line)))
    assert.deepEqual(producer.interceptors.list(), before)
    assert.equal(producer.interceptors.list()[0], before[0])
    await using later = new KafkaProducer(options, config.producer.interceptors)
    assert.deepEqual(names(later), ['a'])
  }
  assert.deepEqual(errors, [])
  write([counting('z')])
  assert.equal(await watch.reload(), true)
  assert.deepEqual(names(producer), ['z'])
  writeFileSync(join(folder, 'counting.mjs'), 'export default {')
  assert.equal(await watch.reload(), false)
  assert.deepEqual(names(producer), ['z'])
})

test('config watch - a configure that never ends is given up, and the watch goes on', async (context) => {
  const { file, write } = setting(context)
  const hang = Promise.withResolvers<void>()
  ;(globalThis as { sluiceConfigHang?: Promise<void> }).sluiceConfigHang = hang.promise
  write([counting('a')])
  const config = await loadConfig(file)
  await using producer = new KafkaProducer(options, config.producer.interceptors)
  const clock = new ManualClock()
  const errors: Error[] = []
  const watch = await config.watch(producer, { logger: silentLogger, clock, onError: (error) => void errors.push(error) })
  write([counting('b', { mode: 'hanging' })])
  const reloading = watch.reload()
  while (!log.includes('hanging')) await new Promise((resolve) => setImmediate(resolve))
  clock.advance(60_000)
  assert.equal(await reloading, false)
  assert.match(errors[0]!.message, /configuring the new interceptors did not end within 60000 ms/)
  assert.deepEqual(names(producer), ['a'])
  await watch.close()
  assert.equal(clock.timers, 0)
  hang.resolve()
})

test('config watch - a module that changed is imported again, also after one that could not be', async (context) => {
  const { file, folder, write } = setting(context)
  write([counting('a')])
  const config = await loadConfig(file)
  await using producer = new KafkaProducer(options, config.producer.interceptors)
  await using watch = await config.watch(producer, asked)
  const original = producer.interceptors.list()[0]
  const writeModule = (text: string): void => writeFileSync(join(folder, 'counting.mjs'), text)
  const versionOf = (): unknown => (producer.interceptors.list()[0] as { version?: number }).version
  writeModule('export default () => ({ name: "counting", version: 2, onSend: (record) => record })')
  await watch.reload()
  assert.equal(versionOf(), 2)
  writeModule('export default import.meta.nothing.at.all')
  assert.equal(await watch.reload(), false)
  assert.equal(versionOf(), 2)
  writeModule('export default () => ({ name: "counting", version: 3, onSend: (record) => record })')
  await watch.reload()
  assert.equal(versionOf(), 3)
  writeModule(COUNTING)
  await watch.reload()
  assert.deepEqual(names(producer), ['a'])
  assert.notEqual(producer.interceptors.list()[0], original)
})

test('config watch - changes on disk are seen, by the system or by looking, and no more after close', async (context) => {
  const { file, folder, write } = setting(context)
  write([counting('a')])
  const config = await loadConfig(file)
  await using producer = new KafkaProducer(options, config.producer.interceptors)
  let changed = Promise.withResolvers<void>()
  const onChange = (): void => changed.resolve()
  const watch = await config.watch(producer, { logger: silentLogger, onChange, debounceMs: 5, pollIntervalMs: 200 })
  write([counting('b')])
  await changed.promise
  assert.deepEqual(names(producer), ['b'])

  changed = Promise.withResolvers<void>()
  writeFileSync(join(folder, 'counting.mjs'), `${COUNTING}// changed`)
  await changed.promise
  assert.deepEqual(names(producer), ['b'])

  await watch.close()
  write([counting('c')])
  assert.equal(await watch.reload(), false)
  assert.deepEqual(names(producer), ['b'])
})

test('config watch - a mistake is told once, however often the file is looked at, and again when it changed', async (context) => {
  const { file, folder, write, writeText } = setting(context)
  write([counting('a')])
  const config = await loadConfig(file)
  await using producer = new KafkaProducer(options, config.producer.interceptors)
  const clock = new ManualClock()
  const errors: string[] = []
  const onError = ({ message }: Error): void => void errors.push(message)
  await using watch = await config.watch(producer, { logger: silentLogger, clock, onError, debounceMs: 1e9, pollIntervalMs: 1000 })
  /** Resolves when what was begun by the clock is over. */
  const looked = async (): Promise<void> => {
    clock.advance(1000)
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  write([counting('b'), 'hst'])
  while (errors.length === 0) await looked()
  for (let time = 0; time < 3; time++) await looked()
  assert.equal(errors.length, 1)
  writeFileSync(join(folder, 'counting.mjs'), 'export default {')
  while (errors.length === 1) await looked()
  writeText('{')
  while (errors.length === 2) await looked()
  await watch.reload()
  assert.equal(errors.length, 4)
  assert.deepEqual(names(producer), ['a'])
})

test('config watch - what is no client, no option or an aborted signal is refused, and a signal ends it', async (context) => {
  const { file, write } = setting(context)
  write([counting('a')])
  const config = await loadConfig(file)
  await using producer = new KafkaProducer(options, config.producer.interceptors)
  const coded = (code: string, pattern: RegExp) => (error: unknown) =>
    isKafkaError(error) && error.code === code && pattern.test(error.message)
  await assert.rejects(config.watch({} as unknown as KafkaProducer), coded('CONFIG', /takes a KafkaProducer or KafkaConsumer/))
  await assert.rejects(
    config.watch(producer, { debounce: 5 } as object),
    coded('CONFIG', /unknown option "debounce"; did you mean "debounceMs"/),
  )
  await assert.rejects(config.watch(producer, { pollIntervalMs: 0 }), coded('CONFIG', /pollIntervalMs must be/))
  await assert.rejects(config.watch(producer, { signal: AbortSignal.abort() }), coded('ABORTED', /aborted/))
  const controller = new AbortController()
  const watch = await config.watch(producer, { signal: controller.signal, logger: silentLogger })
  controller.abort()
  write([counting('b')])
  assert.equal(await watch.reload(), false)
  assert.deepEqual(names(producer), ['a'])
})
