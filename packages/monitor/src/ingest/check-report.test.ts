import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MonitorReport } from 'sluice/monitor-report'
import { checkReport, ReportError } from './check-report.ts'

const histogram = {
  scale: 4,
  count: 2,
  sum: 3,
  min: -1,
  max: 4,
  zeros: 0,
  offset: 5,
  buckets: [1],
  negativeOffset: 0,
  negativeBuckets: [1],
}
const good: MonitorReport = {
  v: 1,
  session: '0123456789abcdef',
  seq: 3,
  event: 'report',
  sentAt: 1000.5,
  probe: { seq: 2, sentAt: 1, ackedAt: 2 },
  client: { role: 'consumer', clientId: 'c', groupId: 'g', host: 'h', pid: 7, library: 'sluice', version: '1', startedAt: 5 },
  cells: [
    {
      topic: 't',
      partition: 0,
      window: -1,
      version: 1,
      records: 3,
      bytes: 9,
      seen: [5, 2, 9, 1],
      filtered: { 'regex-filter: no match': [7, 1] },
      transit: histogram,
      readSequences: { '01234567': [0, 3] },
    },
    { topic: 't', partition: -1, window: 10_000, version: 1, records: 0, bytes: 0, dropped: { 'regex-filter': 2 } },
  ],
  assignments: [{ topic: 't', partition: 0, number: 0, version: 1, begin: 5, beganAt: 1, position: 10, committed: -1, committedAt: 0 }],
  chain: [{ name: 'x', calls: 1, errors: 0, dropped: 0, state: 'on', meanNs: -1, maxNs: -1 }],
  droppedCells: 0,
  selfNs: 12,
}

test('reports - one as a monitor sends it is taken, and so are fields of a later version', () => {
  assert.equal(checkReport(good), good)
  const later = { ...good, another: [1], cells: [{ ...good.cells[0]!, more: true }] }
  assert.equal(checkReport(later), later)
})

test('reports - what is wrong is named by its path', () => {
  const cell = good.cells[0]!
  for (const [wrong, field] of [
    [null, 'report'],
    [[], 'report'],
    [{ ...good, v: 2 }, 'v'],
    [{ ...good, session: 'ABCDEF0123456789' }, 'session'],
    [{ ...good, seq: -1 }, 'seq'],
    [{ ...good, event: 'end' }, 'event'],
    [{ ...good, client: { ...good.client, role: 'admin' } }, 'client.role'],
    [{ ...good, client: { ...good.client, host: 'h'.repeat(2000) } }, 'client.host'],
    [{ ...good, cells: [cell, { ...cell, seen: [5, 2, 6, 1] }] }, 'cells[1].seen'],
    [{ ...good, cells: [{ ...cell, seen: [5] }] }, 'cells[0].seen'],
    [{ ...good, cells: [{ ...cell, seen: [2 ** 53 - 1, 1] }] }, 'cells[0].seen'],
    [{ ...good, cells: [{ ...cell, transit: { ...histogram, scale: 4.5 } }] }, 'cells[0].transit.scale'],
    [{ ...good, cells: [{ ...cell, window: 10.5 }] }, 'cells[0].window'],
    [{ ...good, assignments: [{ ...good.assignments[0]!, committed: -2 }] }, 'assignments[0].committed'],
    [{ ...good, chain: [{ name: 'x' }] }, 'chain[0].calls'],
    [{ ...good, cells: Array.from({ length: 30_000 }, () => cell) }, 'cells'],
  ] as const) {
    assert.throws(
      () => checkReport(wrong),
      (error) => error instanceof ReportError && error.field === field,
      field,
    )
  }
})

test('reports - anything at all is either taken or refused with a ReportError', () => {
  const places = ['v', 'session', 'seq', 'event', 'sentAt', 'probe', 'client', 'cells', 'assignments', 'chain', 'droppedCells', 'selfNs']
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.anything(), (place, value) => {
      try {
        checkReport({ ...good, [place]: value })
      } catch (error) {
        assert.ok(error instanceof ReportError, String(error))
      }
    }),
  )
})
