import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LEAVE } from './screen.ts'
import { FakeCollector } from './testing/fake-collector.ts'
import { FakeInput, FakeOutput, FakeProcess } from './testing/fake-terminal.ts'
import { rows, seeded, streamRow } from './testing/seeded.ts'
import { runTop } from './top.ts'
import type { TopOptions } from './top-options.ts'

const clean = rows.filter(({ missing }) => missing === 0)

interface Setting {
  readonly options?: TopOptions
  readonly env?: Record<string, string>
  readonly output?: { isTTY?: boolean; columns?: number; rows?: number }
  readonly inputIsTTY?: boolean
}

/** `top` on a fake terminal, looking often. */
function running(collector: FakeCollector, { options = {}, env = {}, output: look, inputIsTTY = true }: Setting = {}) {
  const input = new FakeInput(inputIsTTY)
  const output = new FakeOutput(look)
  const host = new FakeProcess()
  const said: string[] = []
  const exit = runTop(
    { url: collector.url, intervalMs: 250, ...options },
    {
      stdin: input,
      stdout: output,
      stderr: { write: (text: string) => said.push(text) },
      process: host,
      env: { LANG: 'C.UTF-8', ...env },
      clock: {
        now: () => collector.data.streams.now,
        monotonic: () => performance.now(),
        setTimer(callback, delayMs) {
          const handle = setTimeout(callback, delayMs)
          return { cancel: () => clearTimeout(handle) }
        },
      },
      zone: 'utc',
    },
  )
  return { input, output, host, said, exit }
}

function assertRestored({ input, output, host }: ReturnType<typeof running>): void {
  assert.equal(output.writes.at(-1), LEAVE)
  assert.ok(output.grid.isRestored)
  assert.equal(input.raw, false)
  assert.equal(input.flowing, false)
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGTSTP', 'SIGCONT', 'uncaughtExceptionMonitor', 'exit']) {
    assert.equal(host.listenerCount(name), 0, name)
  }
}

test('top - q ends it, gives the terminal back, and 2 says that records are missing', async () => {
  await using collector = await FakeCollector.start()
  const top = running(collector)
  await top.output.shows('12!')
  assert.ok(top.output.grid.isAlternate)
  assert.equal(top.output.grid.cursorIsVisible, false)
  assert.equal(top.input.raw, true)
  top.input.type('q')
  assert.equal(await top.exit, 2)
  assertRestored(top)
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  test(`top - ${signal} gives the terminal back at once; 0 says that nothing is missing`, async () => {
    await using collector = await FakeCollector.start(seeded(clean))
    const top = running(collector)
    await top.output.shows('clicks')
    top.host.emit(signal)
    assert.equal(top.output.writes.at(-1), LEAVE)
    assert.equal(await top.exit, 0)
    assertRestored(top)
  })
}

test('top - Ctrl-C, also while a filter is typed, is as q', async () => {
  await using collector = await FakeCollector.start(seeded(clean))
  const top = running(collector)
  await top.output.shows('clicks')
  top.input.type('/q')
  await top.output.shows('/q_')
  top.input.type('\x03')
  assert.equal(await top.exit, 0)
  assertRestored(top)
})

test('top - an exception that nobody catches, and the end of the process, give the terminal back before anything else is written', async () => {
  for (const event of ['uncaughtExceptionMonitor', 'exit']) {
    await using collector = await FakeCollector.start(seeded(clean))
    const top = running(collector)
    await top.output.shows('clicks')
    top.host.emit(event, new Error('somebody else’s'))
    assert.equal(top.output.writes.at(-1), LEAVE)
    assert.ok(top.output.grid.isRestored)
    assert.equal(top.input.raw, false)
    top.host.emit('SIGTERM')
    await top.exit
  }
})

test('top - Ctrl-Z gives the terminal back and stops what was started with it; SIGCONT draws everything anew', async () => {
  await using collector = await FakeCollector.start(seeded(clean))
  const top = running(collector)
  await top.output.shows('clicks')
  top.input.type('\x1a')
  assert.ok(top.output.grid.isRestored)
  assert.equal(top.input.raw, false)
  assert.deepEqual(top.host.killed, [[0, 'SIGTSTP']])
  top.host.emit('SIGTSTP')
  assert.deepEqual(top.host.killed.at(-1), [top.host.pid, 'SIGSTOP'])
  top.host.emit('SIGCONT')
  await top.output.shows('clicks')
  assert.ok(top.output.grid.isAlternate)
  assert.equal(top.input.raw, true)
  top.input.type('q')
  assert.equal(await top.exit, 0)
  assertRestored(top)
})

test('top - a terminal that goes away ends it, and nothing more is written to it', async () => {
  await using collector = await FakeCollector.start(seeded(clean))
  const top = running(collector)
  await top.output.shows('clicks')
  const before = top.output.writes.length
  top.output.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  assert.equal(await top.exit, 0)
  assert.equal(top.output.writes.length, before)
  assert.equal(top.input.raw, false)
})

test('top - a collector that goes away: the last frame stays, it says so, comes back by itself, and 1 when it is still away at the end', async () => {
  await using collector = await FakeCollector.start(seeded(clean))
  const top = running(collector, { output: { columns: 120 } })
  await top.output.shows('clicks')
  await collector.stop()
  await top.output.shows('NO ANSWER since 10:14:32')
  assert.match(top.output.grid.text(), /clicks/)
  assert.match(top.output.grid.text(), /collector: .*; trying again/)
  collector.data.streams = { ...collector.data.streams, streams: [...clean, streamRow({ topic: 'fresh', group: 'g' })] }
  await collector.listen()
  await top.output.shows('fresh')
  assert.match(top.output.grid.text(), / live /)
  await collector.stop()
  await top.output.shows('NO ANSWER')
  top.input.type('q')
  assert.equal(await top.exit, 1)
  assertRestored(top)
  await collector.listen()
})

test('top - where nothing answers, it says so in one line, with 1, and does not touch the terminal', async () => {
  const collector = await FakeCollector.start()
  await collector.stop()
  const top = running(collector)
  assert.equal(await top.exit, 1)
  assert.deepEqual(top.output.writes, [])
  assert.equal(
    top.said.join(''),
    `sluice top: no collector answers at ${collector.url}; "npx sluice monitor" starts a collector, --url names another\n`,
  )
})

test('top - an event of the collector is seen without waiting for the next look', async () => {
  await using collector = await FakeCollector.start(seeded(clean))
  const top = running(collector, { options: { intervalMs: 1000 } })
  await top.output.shows('clicks')
  collector.changed((data) => {
    data.streams = { ...data.streams, streams: rows }
  })
  await top.output.shows('12!')
  top.input.type('q')
  assert.equal(await top.exit, 2)
})

test('top - keys: sort, filter, detail with the exact ranges, lag, interceptors, clients, help and back', async () => {
  await using collector = await FakeCollector.start()
  const top = running(collector, { output: { columns: 120, rows: 30 } })
  const { input, output } = top
  await output.shows('sort worst')
  input.type('s')
  await output.shows('sort lag')
  input.type('S')
  await output.shows('sort lag, turned round')
  input.type('Sssss')
  await output.shows('sort worst ')
  input.type('\r')
  await output.shows('missing     88120–88130  11 records')
  assert.match(output.grid.text(), /redelivered 90000–90339 {2}340 records/)
  assert.match(output.grid.text(), /partition 5\n +missing +7 {2}1 record/)
  input.type('\x1b[D')
  await output.until(() => /^▶ orders +billing/m.test(output.grid.text()), 'the streams again')
  input.type('l')
  await output.shows('PARTITIONS')
  await output.shows('LAG OVER TIME')
  input.type('i')
  await output.shows('INTERCEPTOR')
  input.type('c')
  await output.shows('CLOCK')
  input.type('?')
  await output.shows('this help')
  input.type('?')
  await output.shows('CLOCK')
  input.type('c')
  await output.shows('DELIVERED')
  input.type('jj')
  await output.until(() => /^▶ audit/m.test(output.grid.text()), 'the third row selected')
  input.type('\x1b[A')
  await output.until(() => /^▶ orders +search/m.test(output.grid.text()), 'the second row selected')
  input.type('/CLICK')
  await output.until(() => /\/CLICK_/.test(output.grid.text()) && !/audit/.test(output.grid.text()), 'the filter')
  input.type('\r')
  await output.shows('filter "CLICK"')
  input.type('\x1b')
  await output.shows('audit')
  input.type('q')
  assert.equal(await top.exit, 2)
  assertRestored(top)
})

test('top - paused, it shows what it showed, and then what is', async () => {
  await using collector = await FakeCollector.start(seeded(clean))
  const top = running(collector)
  await top.output.shows('clicks')
  top.input.type(' ')
  await top.output.shows('PAUSED')
  const before = collector.asked.length
  collector.changed((data) => {
    data.streams = { ...data.streams, streams: rows }
  })
  while (collector.asked.length < before + 8) await new Promise((resolve) => setImmediate(resolve))
  assert.doesNotMatch(top.output.grid.text(), /12!/)
  top.input.type(' ')
  await top.output.shows('12!')
  top.input.type('q')
  assert.equal(await top.exit, 2)
})

test('top - a terminal of another size is drawn anew, whole', async () => {
  await using collector = await FakeCollector.start()
  const top = running(collector, { output: { columns: 120, rows: 30 } })
  await top.output.shows('DELIVERED')
  for (const [columns, rows] of [
    [40, 12],
    [200, 50],
  ] as const) {
    top.output.resize(columns, rows)
    await top.output.shows('12!')
    assert.match(top.output.grid.lines()[0]!, /^sluice top/)
    assert.match(top.output.grid.lines().at(-1)!, /^q quit/)
  }
  top.input.type('q')
  await top.exit
})

test('top - without a keyboard it draws all the same, and a signal ends it', async () => {
  await using collector = await FakeCollector.start(seeded(clean))
  const top = running(collector, { inputIsTTY: false })
  await top.output.shows('clicks')
  assert.equal(top.input.raw, false)
  top.host.emit('SIGINT')
  assert.equal(await top.exit, 0)
})

test('top - colours only where they are wanted: NO_COLOR and TERM=dumb take them away, FORCE_COLOR puts them into a pipe', async () => {
  await using collector = await FakeCollector.start()
  const colours = async (isTTY: boolean, env: Record<string, string>): Promise<boolean> => {
    const top = running(collector, { options: { once: true }, output: { isTTY, columns: 120, rows: 40 }, env })
    await top.exit
    return top.output.written.includes('\x1b[')
  }
  assert.equal(await colours(true, {}), true)
  assert.equal(await colours(true, { NO_COLOR: '1' }), false)
  assert.equal(await colours(true, { TERM: 'dumb' }), false)
  assert.equal(await colours(false, {}), false)
  assert.equal(await colours(false, { FORCE_COLOR: '1' }), true)
  assert.equal(await colours(true, { FORCE_COLOR: '0' }), false)
})

test('top --once - one frame without control of the terminal; the exit code tells of missing records', async () => {
  await using collector = await FakeCollector.start()
  const top = running(collector, { options: { once: true }, output: { isTTY: false } })
  assert.equal(await top.exit, 2)
  assert.match(top.output.written, /MISSING orders → billing p3 88120–88130 \(11\)\nMISSING orders → billing p5 7 \(1\)\n/)
  assert.ok(!top.output.written.includes('\x1b'))
  const other = running(collector, { options: { once: true, topics: ['click*'] }, output: { isTTY: false } })
  assert.equal(await other.exit, 0)
  assert.doesNotMatch(other.output.written, /orders/)
  const none = running(collector, { options: { once: true, topics: ['ordres'] }, output: { isTTY: false } })
  assert.equal(await none.exit, 1)
  assert.match(none.said.join(''), /knows no stream of --topic "ordres"/)
})

test('top --json --once - one line: the streams with the exact ranges of what is missing and redelivered', async () => {
  await using collector = await FakeCollector.start()
  const top = running(collector, { options: { once: true, json: true }, output: { isTTY: false } })
  assert.equal(await top.exit, 2)
  assert.match(top.output.written, /^\{[^\n]*\}\n$/)
  const { streams, ...rest } = JSON.parse(top.output.written)
  const { streams: expected, ...others } = collector.data.streams
  assert.deepEqual(rest, others)
  assert.deepEqual(
    streams.map(({ ranges: _ranges, ...row }: { ranges: unknown }) => row),
    expected,
  )
  const kindOf = (kind: string) => collector.data.ranges['orders/billing']!.filter((range) => range.kind === kind)
  assert.deepEqual(streams[1].ranges, { missing: kindOf('missing'), redelivered: kindOf('redelivered') })
  assert.deepEqual(streams[0].ranges, { missing: [], redelivered: [] })
})

test('top --json - a line an interval until a signal; a collector that goes away is told of once, on standard error', async () => {
  await using collector = await FakeCollector.start(seeded(clean))
  const top = running(collector, { options: { json: true }, output: { isTTY: false } })
  await top.output.until(() => top.output.writes.length >= 2, 'two lines')
  await collector.stop()
  while (top.said.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await collector.listen()
  const before = top.output.writes.length
  await top.output.until(() => top.output.writes.length > before, 'another line')
  top.host.emit('SIGTERM')
  assert.equal(await top.exit, 0)
  for (const line of top.output.writes) assert.equal(JSON.parse(line).streams.length, clean.length)
  assert.equal(top.said.length, 1)
  assert.match(top.said[0]!, /; trying again\n$/)
})

test('top - in a pipe it writes a line an interval, and ends when nobody reads them any more', async () => {
  await using collector = await FakeCollector.start()
  const top = running(collector, { output: { isTTY: false } })
  await top.output.until(() => top.output.writes.length >= 2, 'two lines')
  top.output.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  assert.equal(await top.exit, 2)
  assert.equal(
    top.output.writes[0],
    '10:14:32  5 streams  produced 1.25k/s  consumed 1.27k/s  missing 12  redelivered 340  lag 4.1M  behind 57m  alerts 2  worst orders → billing\n',
  )
})

test('top - the token is sent, from the option, the address of the page, or the environment; without it the message names all', async () => {
  await using collector = await FakeCollector.start(seeded(clean))
  collector.token = 's3cret'
  const exitOf = (options: TopOptions, env = {}) =>
    running(collector, { options: { once: true, ...options }, output: { isTTY: false }, env })
  assert.equal(await exitOf({ token: 's3cret' }).exit, 0)
  assert.equal(await exitOf({ url: `${collector.url}/?token=s3cret` }).exit, 0)
  assert.equal(await exitOf({}, { SLUICE_MONITOR_TOKEN: 's3cret' }).exit, 0)
  const refused = exitOf({})
  assert.equal(await refused.exit, 1)
  assert.match(refused.said.join(''), /wants a token: give --token, or SLUICE_MONITOR_TOKEN/)
  const wrong = exitOf({ token: 'other' })
  assert.equal(await wrong.exit, 1)
  assert.doesNotMatch(wrong.said.join(''), /other|s3cret/)
})

test('top - options that cannot be are named with their value, the token is not', async () => {
  await using collector = await FakeCollector.start()
  const refuses = (options: TopOptions, message: RegExp) =>
    assert.rejects(running(collector, { options }).exit, { name: 'TopOptionError', message })
  await refuses({ url: 'http://' }, /^--url must be an address such as .*, not "http:\/\/"$/)
  await refuses({ url: 'ftp://x' }, /^--url must begin with http:\/\/ or https:\/\/, not "ftp:\/\/"$/)
  await refuses({ url: 'http://u:p@x' }, /^--url must not hold a user or password/)
  await refuses({ intervalMs: 100 }, /^--interval must be from 0\.25 to 3600 seconds, not 0\.1$/)
  await refuses({ intervalMs: Number.NaN }, /^--interval .* not NaN$/)
  await refuses({ token: 'a b' }, /^--token must be of printable ASCII characters, without a space$/)
})

test('top - names of any kind reach the right address', async () => {
  const odd = streamRow({ topic: 't', group: 'a/b c?é', missing: 1, consumed: 1 })
  const dots = streamRow({ topic: 't', group: '..', missing: 1, consumed: 1 })
  await using collector = await FakeCollector.start(seeded([odd, dots]))
  await running(collector, { options: { once: true }, output: { isTTY: false } }).exit
  assert.ok(collector.asked.includes('/api/v1/streams/t/a%2Fb%20c%3F%C3%A9/ranges'))
  assert.ok(collector.asked.includes('/api/v1/streams/t/%2E%2E/ranges'))
})
