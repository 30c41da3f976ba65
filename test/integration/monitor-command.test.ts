import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { StatusAnswer, StreamsAnswer } from '@sluice/monitor'
import { KafkaProducer } from 'sluice'
import { monitor } from 'sluice/interceptors'
import { testCluster } from '../support/test-cluster.ts'

const sluice = fileURLToPath(new URL('../../packages/cli/src/sluice.ts', import.meta.url))

/** Runs to its end, unless `act` ends it. */
async function run(
  args: readonly string[],
  act: (child: ReturnType<typeof spawn>, output: () => string) => Promise<void> = async () => {},
) {
  const child = spawn(process.execPath, [sluice, 'monitor', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const closed = once(child, 'close')
  try {
    await act(child, () => output)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  const [code] = (await closed) as [number | null]
  return { code, output, errors }
}

async function soon<T>(ask: () => Promise<T | undefined | false>, what: string): Promise<T> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const found = await ask()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) assert.fail(`no ${what} in 30 s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('monitor command - doctor says what is missing, then the collector makes it, reads it, and doctor is content', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-monitor-'))
  try {
    await using cluster = await testCluster()
    const reportTopic = cluster.unique('reports')
    const topic = await cluster.createTopic(1)
    const settings = join(folder, 'client.properties')
    writeFileSync(settings, `bootstrap.servers=${cluster.bootstrapServers}\n`)
    const args = ['--config', settings, '--topic', reportTopic]
    const before = await run(['doctor', ...args])
    assert.equal(before.code, 1)
    assert.match(before.output, /^ok +the cluster answers: \d broker/m)
    assert.match(before.output, new RegExp(`^FAIL +topic ${reportTopic} does not exist: kafka-topics\\.sh .*LogAppendTime`, 'm'))
    const collector = await run([...args, '--port', '0', '--store', join(folder, 'monitor.db')], async (child, output) => {
      const url = await soon(async () => /^monitor (http:\S+)$/m.exec(output())?.[1], 'an address')
      await cluster.untilKnown(reportTopic, 1)
      {
        await using producer = new KafkaProducer({ bootstrapServers: cluster.bootstrapServers, clientId: 'shop' }, [
          monitor({ to: { topic: reportTopic } }),
        ])
        for (let n = 0; n < 10; n++) await producer.send({ topic, value: Buffer.from('x') })
      }
      const row = await soon(async () => {
        const { streams } = (await (await fetch(`${url}api/v1/streams`)).json()) as StreamsAnswer
        return streams.find((stream) => stream.topic === topic && stream.produced === 10)
      }, 'ten records')
      assert.equal(row.group, null)
      const { problems, source } = (await (await fetch(`${url}api/v1/status`)).json()) as StatusAnswer
      assert.deepEqual(problems, [])
      assert.equal(source, `topic ${reportTopic}`)
      child.kill('SIGINT')
    })
    assert.equal(collector.code, 0, collector.errors)
    const after = await run(['doctor', ...args])
    assert.match(after.output, /^ok +\d+ reports in the last minute, from shop$/m)
    assert.doesNotMatch(after.output, /FAIL/)
    assert.equal(after.code, 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('monitor command - a mistake is one sentence that names the option, and exit code 2', async () => {
  const { code, errors } = await run(['--port', 'many'])
  assert.match(errors, /^--port must be a number from 0 to 65535, not "many"\n\nUsage: sluice monitor/)
  assert.equal(code, 2)
})

test('monitor command - what cannot be done is said without a stack, and exit code 1', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-monitor-'))
  try {
    const open = await run(['--host', '0.0.0.0', '--port', '0', '--store', ':memory:'])
    assert.equal(open.code, 1)
    assert.match(open.errors, /^host: "0\.0\.0\.0" can be reached from other machines, so a token is needed/)
    const file = join(folder, 'notes.txt')
    writeFileSync(file, 'not a database, and long enough to have a header that sqlite can look at: 0123456789'.repeat(20))
    const store = await run(['--port', '0', '--store', file])
    assert.equal(store.code, 1)
    assert.match(store.errors, /^store: .*notes\.txt cannot be opened/)
    assert.doesNotMatch(store.errors, /\n {4}at /)
    const away = await run(['doctor', '--bootstrap-servers', '127.0.0.1:1'])
    assert.equal(away.code, 1)
    assert.match(away.output, /^FAIL +no answer from 127\.0\.0\.1:1/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
