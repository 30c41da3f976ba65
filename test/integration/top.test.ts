import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Monitor, type RangesAnswer, type StreamRow } from '@sluice/monitor'
import { silentLogger } from 'sluice'

const sluice = fileURLToPath(new URL('../../packages/cli/src/sluice.ts', import.meta.url))
const TOKEN = 'only-for-this-test'

const now = Date.now()
const window = now - (now % 10_000)

/** A producer that had 0 to 99 acknowledged, and a consumer that committed all of them without 50 to 61, and had 10 to 14 twice. */
function reports(): readonly unknown[] {
  const report = (session: string, role: string, cell: object, assignments: readonly object[]): object => ({
    v: 1,
    session,
    seq: 0,
    event: 'start',
    sentAt: now,
    client: {
      role,
      clientId: `${role}-1`,
      ...(role === 'consumer' ? { groupId: 'billing' } : {}),
      host: 'web-7',
      pid: 1,
      library: 'sluice',
      version: '0.1.0',
      startedAt: now,
    },
    cells: [{ topic: 'orders', partition: 3, window, version: 1, bytes: 1000, ...cell }],
    assignments,
    chain: [],
    droppedCells: 0,
    selfNs: 61,
  })
  const assignment = {
    topic: 'orders',
    partition: 3,
    number: 0,
    version: 1,
    begin: 0,
    beganAt: now,
    position: 100,
    committed: 100,
    committedAt: now,
  }
  return [
    report('00000000000000a1', 'producer', { records: 100, acked: [0, 100] }, []),
    report('00000000000000b1', 'consumer', { records: 93, seen: [0, 50, 62, 38], redelivered: [10, 5] }, [assignment]),
  ]
}

function top(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [sluice, 'top', ...args],
      { timeout: 15_000, env: { ...process.env, SLUICE_MONITOR_TOKEN: TOKEN } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      },
    )
  })
}

test('top - with a real collector it names the ranges that the collector names, and 2 says that records are missing', async () => {
  await using monitor = await Monitor.start({ port: 0, token: TOKEN, logger: silentLogger })
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  for (const report of reports()) {
    const answer = await fetch(new URL('/api/v1/reports', monitor.url), { method: 'POST', headers, body: JSON.stringify(report) })
    assert.equal(answer.status, 204, await answer.text())
  }
  const url = monitor.url.toString()
  const { code, stdout, stderr } = await top(['--json', '--once', '--url', url, '--group', 'billing'])
  assert.equal(stderr, '')
  const { streams } = JSON.parse(stdout) as { streams: (StreamRow & { ranges: Record<string, unknown> })[] }
  assert.deepEqual([streams.length, streams[0]!.missing, streams[0]!.redelivered], [1, 12, 5])
  for (const kind of ['missing', 'redelivered']) {
    const answer = await fetch(new URL(`/api/v1/streams/orders/billing/ranges?kind=${kind}`, monitor.url), { headers })
    const { ranges } = (await answer.json()) as RangesAnswer
    assert.deepEqual(streams[0]!.ranges[kind], ranges)
  }
  assert.equal(code, 2)

  const frame = await top(['--once', '--url', url])
  assert.match(frame.stdout, /^MISSING orders → billing p3 50–61 \(12\)$/m)
  assert.equal(frame.code, 2)
})
