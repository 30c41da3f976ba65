import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AnsiGrid } from '../../../monitor/src/top/testing/ansi-grid.ts'
import { FakeCollector } from '../../../monitor/src/top/testing/fake-collector.ts'
import { rows, seeded } from '../../../monitor/src/top/testing/seeded.ts'
import { parseTopOptions, topOptionNames, topUsage } from './top.ts'

const sluice = fileURLToPath(new URL('../sluice.ts', import.meta.url))
const crashing = fileURLToPath(new URL('../../../monitor/src/top/testing/crashing-top.ts', import.meta.url))
const LEAVE = '\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l'

const hasScript = spawnSync('script', ['--version']).status === 0
const skip = hasScript ? false : 'SKIPPED LOUDLY: `script` of util-linux is not installed, so no real terminal was tried'

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Runs it in a terminal of 100 by 30; `type` is written once the frame shows `seen`. What comes after it is the shell's. */
async function inTerminal(args: readonly string[], seen: string, type: string): Promise<{ grid: AnsiGrid; rest: string }> {
  const command = `stty cols 100 rows 30; ${[process.execPath, ...args].map(quoted).join(' ')}; echo "exit $?"; stty -a`
  const terminal = spawn('script', ['-qfc', command, '/dev/null'], { env: { ...process.env, TERM: 'xterm', LC_ALL: 'C.UTF-8' } })
  const grid = new AnsiGrid(100, 30)
  let all = ''
  let typed = false
  terminal.stdout.setEncoding('utf8')
  terminal.stdout.on('data', (text: string) => {
    all += text
    const drawn = all.slice(all.indexOf('\x1b[?1049h'), all.lastIndexOf('\x1b[?2026l'))
    if (typed || !drawn.includes(seen)) return
    typed = true
    terminal.stdin.write(type)
  })
  const [code] = await once(terminal, 'exit', { signal: AbortSignal.timeout(15_000) })
  assert.equal(code, 0)
  const end = all.lastIndexOf(LEAVE)
  assert.ok(end > 0, all)
  grid.write(all.slice(all.indexOf('\x1b[?1049h'), end + LEAVE.length))
  return { grid, rest: all.slice(end + LEAVE.length) }
}

for (const [name, key] of [
  ['q', 'q'],
  ['Ctrl-C', '\x03'],
]) {
  test(`top - in a real terminal ${name} ends it, with the exit code, and leaves lines and echo as they were`, { skip }, async () => {
    await using collector = await FakeCollector.start()
    const { grid, rest } = await inTerminal([sluice, 'top', '--url', collector.url], '12!', key!)
    assert.ok(grid.isRestored)
    assert.match(rest, /^exit 2\r\n/)
    assert.match(rest, /[^-]icanon/)
    assert.match(rest, /[^-]echo /)
  })
}

test('top - in a real terminal an exception that nobody catches is printed on the screen that was there before', { skip }, async () => {
  await using collector = await FakeCollector.start()
  const { grid, rest } = await inTerminal([crashing, collector.url], '12!', 'X')
  assert.ok(grid.isRestored)
  assert.match(rest, /Error: somebody else’s[\s\S]*exit 1\r\n/)
  assert.match(rest, /[^-]icanon/)
})

/** The command in a pipe whose reader stops after the first line, as `| head -1` does. */
test('top - a reader that goes away ends it without a complaint, with the exit code', async () => {
  await using collector = await FakeCollector.start(seeded(rows.filter(({ missing }) => missing === 0)))
  const top = spawn(process.execPath, [sluice, 'top', '--json', '--interval', '0.25', '--url', collector.url])
  let complaint = ''
  top.stderr.on('data', (text) => {
    complaint += text
  })
  const [first] = await once(top.stdout, 'data')
  assert.equal(JSON.parse(String(first)).streams.length, 4)
  top.stdout.destroy()
  const [code, signal] = await once(top, 'exit', { signal: AbortSignal.timeout(15_000) })
  assert.deepEqual([code, signal, complaint], [0, null, ''])
})

test('top - a wrong option is named, with 64: 2 says that records are missing', () => {
  for (const [args, message] of [
    [['--topics', 'x'], /Unknown option '--topics'/],
    [['--interval', 'soon'], /--interval must be from 0\.25 to 3600 seconds, not NaN/],
    [['--url', 'ftp://x'], /--url must begin with/],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, [sluice, 'top', ...args], { encoding: 'utf8' })
    assert.equal(status, 64)
    assert.match(stderr, message)
  }
})

test('top - what is given on the command line is what it runs with', () => {
  assert.deepEqual(parseTopOptions(['--topic', 'a', '--topic', 'b*', '--interval', '0.5', '--once', '--token', 't']), {
    topics: ['a', 'b*'],
    groups: undefined,
    intervalMs: 500,
    once: true,
    token: 't',
  })
  assert.equal(parseTopOptions(['--help']), 'help')
  for (const name of Object.keys(topOptionNames)) assert.ok(topUsage.includes(`--${name}`), name)
})
