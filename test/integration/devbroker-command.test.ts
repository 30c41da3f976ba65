import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'

const sluice = fileURLToPath(new URL('../../packages/cli/src/sluice.ts', import.meta.url))

interface Output {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(...args: string[]): { child: ChildProcess; firstLines(count: number): Promise<string[]>; ended: Promise<Output> } {
  const child = spawn(process.execPath, [sluice, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += chunk))
  const ended = new Promise<Output>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
  child.stdout.on('data', (chunk) => (stdout += chunk))
  const firstLines = (count: number): Promise<string[]> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const lines = stdout.split('\n').slice(0, -1)
        if (lines.length >= count) resolve(lines.slice(0, count))
      }
      child.stdout.on('data', look)
      ended.then(() => reject(new Error(`it ended before it printed ${count} lines: ${stderr}`)))
      look()
    })
  return { child, firstLines, ended }
}

/** A port that is free now, with the next ones most likely free too. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('sluice devbroker - it prints where it listens, serves the topics, and ends on a signal', async () => {
  const port = await freePort()
  const { child, firstLines, ended } = run('devbroker', '--port', String(port), '--topics', 'orders:6,logs')
  assert.deepEqual(await firstLines(1), [`listening 127.0.0.1:${port}`])
  const admin = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata()
  assert.deepEqual(
    topics.map(({ name, partitions }) => [name, partitions.length]),
    [
      ['orders', 6],
      ['logs', 1],
    ],
  )
  // A client that stays connected must not keep it from ending.
  const idle = connect({ host: '127.0.0.1', port })
  idle.on('error', () => {})
  await admin.disconnect()
  child.kill('SIGTERM')
  const { code, stdout } = await ended
  assert.deepEqual([code, stdout], [0, `listening 127.0.0.1:${port}\n`])
})

test('sluice devbroker - with several nodes and no topics it prints a line for each, and Ctrl-C ends it', async () => {
  const { child, firstLines, ended } = run('devbroker', '--port', '0', '--nodes', '3', '--no-auto-create')
  const lines = await firstLines(3)
  for (const line of lines) assert.match(line, /^listening 127\.0\.0\.1:\d+$/)
  assert.equal(new Set(lines).size, 3)
  child.kill('SIGINT')
  assert.equal((await ended).code, 0)
})

const wrong: readonly [string[], RegExp][] = [
  [['devbroker', '--port', 'x'], /--port must be a whole number/],
  [['devbroker', '--topics', 'a:b'], /--topics: partitions of "a" must be a whole number/],
  [['devbroker', '--topics', 'a:1:2'], /is not NAME:PARTITIONS/],
  [['devbroker', '--prot', '1'], /--prot/],
  [['devbrokr'], /unknown command "devbrokr"/],
]
for (const [args, message] of wrong) {
  test(`sluice ${args.join(' ')} - it says what is wrong and ends with 2`, async () => {
    const { code, stderr } = await run(...args).ended
    assert.match(stderr, message)
    assert.equal(code, 2)
  })
}

test('sluice devbroker - an address that others can reach, or a port that is taken, ends it with 1', async () => {
  const open = await run('devbroker', '--host', '0.0.0.0', '--port', '0').ended
  assert.match(open.stderr, /unsafe/)
  assert.equal(open.code, 1)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const taken = await run('devbroker', '--port', String((server.address() as { port: number }).port)).ended
  server.close()
  assert.match(taken.stderr, /cannot listen on/)
  assert.equal(taken.code, 1)
})

test('sluice - help lists the commands', async () => {
  const { code, stdout } = await run('--help').ended
  assert.equal(code, 0)
  assert.match(stdout, /devbroker/)
  assert.match((await run('devbroker', '--help').ended).stdout, /--topics/)
})
