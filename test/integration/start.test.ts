import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { RangesAnswer, StreamsAnswer } from '@sluice/monitor'
import { needs, testCluster } from '../support/test-cluster.ts'

/** Without --bootstrap it starts a development broker inside. */
const embedded = needs({ devBroker: 'the main job with its embedded broker' })
const sluice = fileURLToPath(new URL('../../packages/cli/src/sluice.ts', import.meta.url))

interface Outcome {
  readonly code: number | null
  readonly lines: string[]
  readonly summary: Record<string, number>
  readonly errors: string
}

async function start(args: readonly string[], act: (child: ReturnType<typeof spawn>) => void = () => {}): Promise<Outcome> {
  const child = spawn(process.execPath, [sluice, 'start', ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  act(child)
  const [code] = (await once(child, 'close')) as [number | null]
  const lines = output.trim().split('\n')
  return { code, lines, summary: JSON.parse(lines.at(-1)!), errors }
}

test('start - figures of this machine flow for the given time, and the last line adds up', embedded, async () => {
  const { code, lines, summary } = await start(['--duration', '2'])
  assert.equal(code, 0)
  assert.ok(summary.produced! >= 20 && summary.produced! <= 60, `${summary.produced} samples in two seconds`)
  assert.equal(summary.acknowledged, summary.consumed)
  assert.equal(summary.produced, summary.acknowledged! + summary.dropped!)
  assert.ok(summary.dropped! > 0, 'samples that repeat the one before are dropped')
  assert.equal(summary.failed, 0)
  assert.ok(summary.p99Ms! >= summary.p50Ms! && summary.p99Ms! < 5000)
  assert.ok(
    lines.some((line) => /dropped \d+ \(regex-filter \d+\)/.test(line)),
    'progress lines name the interceptor that dropped',
  )
})

test('start - every line of a file arrives once, unchanged and in order per partition', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-start-'))
  try {
    await using cluster = await testCluster()
    const topic = await cluster.createTopic(4, {}, 'logs')
    const lines = Array.from({ length: 2000 }, (_, n) =>
      n % 50 === 0 ? '' : `[Sun Dec 04 04:47:44 2005] [error] line ${n} \u00e9\u{1f600}`,
    )
    const file = join(folder, 'some.log')
    writeFileSync(file, `${lines.join('\n')}\n`)
    const { code, summary } = await start(['--input', file, '--bootstrap', cluster.bootstrapServers, '--topic', topic])
    assert.equal(code, 0)
    assert.deepEqual(
      { ...summary, p50Ms: 0, p99Ms: 0 },
      { produced: 2000, acknowledged: 2000, consumed: 2000, dropped: 0, failed: 0, p50Ms: 0, p99Ms: 0 },
    )
    const records = await cluster.records(topic)
    assert.deepEqual(records.map(({ value }) => value!.toString()).sort(), [...lines].sort())
    for (let partition = 0; partition < 4; partition++) {
      const numbers = records
        .filter((record) => record.partition === partition)
        .map(({ value }) => Number(/line (\d+)/.exec(value!.toString())?.[1] ?? -1))
        .filter((n) => n >= 0)
      assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
      )
    }
    for (const { headers } of records) {
      const names = headers.map(({ key }) => key)
      assert.deepEqual(names, ['timestamp', 'host', 'run'])
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('start - the page is there within ten seconds, and with --chaos it names exactly what was lost and doubled', embedded, async () => {
  const child = spawn(process.execPath, [sluice, 'start', '--chaos', '--monitor-port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const startedAt = performance.now()
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  const exited = once(child, 'close')
  try {
    const url = await soon(async () => /^monitor (http:\S+)$/m.exec(output)?.[1], 'an address')
    const answer = async <T>(path: string): Promise<T> => (await (await fetch(new URL(path, url))).json()) as T
    const stream = await soon(async () => {
      const { streams } = await answer<StreamsAnswer>('/api/v1/streams')
      return streams.find(({ produced, consumed }) => produced > 0 && consumed > 0)
    }, 'a live stream')
    assert.ok(performance.now() - startedAt < 10_000, 'it took more than ten seconds')
    assert.match(await (await fetch(url)).text(), /<!doctype html>/i)
    const offsets = (partition: number, first: number, last: number): string[] =>
      Array.from({ length: last - first + 1 }, (_, index) => `${partition}@${first + index}`)
    const told = (what: string): string[] =>
      [...output.matchAll(new RegExp(`^chaos: ${what} sluice-start-(\\d+) offsets (\\d+)-(\\d+) `, 'gm'))].flatMap(([, ...where]) =>
        offsets(Number(where[0]), Number(where[1]), Number(where[2])),
      )
    await soon(async () => told('lost').length >= 6 && told('doubled').length >= 1, 'chaos')
    const before = { lost: told('lost'), doubled: told('doubled') }
    const shown = await soon(async () => {
      const { ranges } = await answer<RangesAnswer>(`/api/v1/streams/${stream.topic}/${stream.group}/ranges`)
      const of = (wanted: string): string[] =>
        ranges.filter(({ kind }) => kind === wanted).flatMap(({ partition, first, last }) => offsets(partition, first, last))
      const found = { missing: of('missing'), redelivered: of('redelivered') }
      const isAll =
        before.lost.every((one) => found.missing.includes(one)) && before.doubled.every((one) => found.redelivered.includes(one))
      return isAll && found
    }, 'sign of what was lost and doubled')
    // It goes on meanwhile; nothing is shown that was not told by now, but for the line that comes within a second.
    await soon(async () => shown.missing.every((one) => told('lost').includes(one)), 'line about every record that is shown as missing')
    await soon(
      async () => shown.redelivered.every((one) => told('doubled').includes(one)),
      'line about every record that is shown as doubled',
    )
  } finally {
    child.kill('SIGINT')
  }
  assert.deepEqual(await exited, [0, null])
  const summary = JSON.parse(output.trim().split('\n').at(-1)!) as Record<string, number>
  assert.equal(summary.acknowledged, summary.consumed! + summary.lost!)
  assert.ok(summary.lost! >= 2 && summary.doubled! >= 1)
})

/** Asks again and again until there is an answer. */
async function soon<T>(ask: () => Promise<T | undefined | false>, what: string): Promise<T> {
  const deadline = performance.now() + 40_000
  for (;;) {
    const found = await ask()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) assert.fail(`no ${what} in 40 s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('start - standard input is read to its end', embedded, async () => {
  const { code, summary } = await start(['--input', '-'], (child) => child.stdin!.end('one\ntwo\nthree'))
  assert.equal(code, 0)
  assert.equal(summary.consumed, 3)
})

test('start - Ctrl-C ends it with the same line and exit code 0', embedded, async () => {
  const { code, summary } = await start([], (child) => {
    child.stdout!.once('data', () => setTimeout(() => child.kill('SIGINT'), 500))
  })
  assert.equal(code, 0)
  assert.ok(summary.produced! > 0)
  assert.equal(summary.acknowledged, summary.consumed)
})

test('start - a file that is not there, and a broker that does not answer, are said and fail', async () => {
  const missing = await start(['--input', 'no/such/file'])
  assert.equal(missing.code, 1)
  assert.match(missing.errors, /--input: ENOENT/)
  const unreachable = await start(['--bootstrap', '127.0.0.1:1', '--duration', '3'])
  assert.equal(unreachable.code, 1)
  assert.match(unreachable.errors, /127\.0\.0\.1:1/)
})
