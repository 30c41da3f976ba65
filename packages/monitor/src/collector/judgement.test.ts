import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MonitorAssignment, MonitorCell, MonitorReport } from 'sluice/monitor-report'
import { rangesAnswer } from './answers/ranges.ts'
import { streamsAnswer } from './answers/streams.ts'
import { MonitorState } from './monitor-state.ts'

const START = 1_764_000_000_000

interface Told {
  readonly at: number
  readonly event?: MonitorReport['event']
  readonly acked?: readonly number[]
  readonly seen?: readonly number[]
  readonly filtered?: Readonly<Record<string, readonly number[]>>
  readonly hold?: Partial<MonitorAssignment>
}

/** Reports of one session: each tells everything up to then. */
function sessionOf(name: string, group: string | undefined, state: MonitorState) {
  let seq = 0
  return ({ at, event = 'report', acked, seen, filtered, hold }: Told): void => {
    const cell: MonitorCell = {
      ...{ topic: 'orders', partition: 0, window: START, version: seq + 1, records: 1, bytes: 1 },
      ...(acked === undefined ? {} : { acked }),
      ...(seen === undefined ? {} : { seen }),
      ...(filtered === undefined ? {} : { filtered }),
    }
    const assignment: MonitorAssignment = {
      ...{ topic: 'orders', partition: 0, number: 0, version: seq + 1, begin: 0, beganAt: START + at },
      ...{ position: 0, committed: -1, committedAt: START + at },
      ...hold,
    }
    const report: MonitorReport = {
      ...{ v: 1, session: name.padStart(16, '0'), seq, event, sentAt: START + at, cells: [cell] },
      ...(seq === 0 ? {} : { probe: { seq: seq - 1, sentAt: START + at - 5000, ackedAt: START + at - 4990 } }),
      client: {
        ...{ role: group === undefined ? 'producer' : 'consumer', clientId: name, host: 'h', pid: 1, library: 'sluice', version: '0' },
        ...(group === undefined ? {} : { groupId: group }),
        startedAt: START,
      },
      ...{ assignments: group === undefined ? [] : [assignment], chain: [], droppedCells: 0, selfNs: 0 },
    }
    seq++
    state.apply({ report, receivedAt: START + at, byBroker: true })
  }
}

function found(state: MonitorState, at: number): string[] {
  const { ranges } = rangesAnswer(state, START + at, 'orders', 'billing')!
  return ranges.map(({ kind, first, last, by }) => `${kind} ${first}-${last}${by === undefined ? '' : ` ${by}`}`)
}

function look(state: MonitorState, at: number, start: number, committed?: number): void {
  const offset = committed === undefined ? [] : [{ topic: 'orders', partition: 0, offset: committed }]
  state.applyFacts({
    at: START + at,
    topics: [{ topic: 'orders', compacted: false, partitions: [{ partition: 0, start, end: 1000 }] }],
    groups: [{ group: 'billing', committed: offset }],
  })
}

test('judgement - what was committed past and not given out is missing, what lies beyond is pending', () => {
  const state = new MonitorState()
  sessionOf('a', undefined, state)({ at: 5000, acked: [0, 100] })
  sessionOf(
    'b',
    'billing',
    state,
  )({
    at: 5000,
    seen: [0, 40, 45, 35],
    filtered: { 'sizeGuard: too large': [42, 1] },
    hold: { position: 80, committed: 70 },
  })
  assert.deepEqual(found(state, 6000), ['missing 40-41', 'missing 43-44', 'pending 80-99', 'filtered 42-42 sizeGuard: too large'])
  const [row] = streamsAnswer(state, START + 6000).streams
  assert.equal(row!.produced, 100)
  assert.equal(row!.consumed, 75)
  assert.equal(row!.missing, 4)
  assert.equal(row!.filtered, 1)
  assert.equal(row!.lag, 20)
})

test('judgement - nothing is missing while another consumer of the group may still tell that it had it', () => {
  const state = new MonitorState()
  sessionOf('a', undefined, state)({ at: 5000, acked: [0, 100] })
  const other = sessionOf('c', 'billing', state)
  other({ at: 4000, seen: [0, 40], hold: { position: 40, committed: 40 } })
  sessionOf('b', 'billing', state)({ at: 5000, seen: [60, 40], hold: { begin: 40, position: 100, committed: 100 } })
  assert.deepEqual(found(state, 6000), ['pending 40-59'])
  other({ at: 6000, seen: [0, 50], hold: { position: 50, committed: 50 } })
  other({ at: 8000, seen: [0, 50], hold: { position: 50, committed: 50 } })
  assert.deepEqual(found(state, 9000), ['missing 50-59'])
})

test('judgement - what a dead consumer may have given out is unverified', () => {
  const state = new MonitorState()
  sessionOf('a', undefined, state)({ at: 5000, acked: [0, 100] })
  sessionOf('c', 'billing', state)({ at: 5000, seen: [0, 40], hold: { position: 40, committed: 30 } })
  sessionOf('b', 'billing', state)({ at: 30_000, seen: [60, 40], hold: { begin: 60, position: 100, committed: 100 } })
  assert.deepEqual(found(state, 31_000), ['unverified 40-59'])
})

test('judgement - what retention removed first is expired, and what was missing before stays so', () => {
  const state = new MonitorState()
  sessionOf('a', undefined, state)({ at: 5000, acked: [0, 100] })
  const consumer = sessionOf('b', 'billing', state)
  consumer({ at: 5000, seen: [0, 10, 12, 8], hold: { position: 20, committed: 20 } })
  look(state, 6000, 0)
  look(state, 16_000, 50)
  consumer({ at: 20_000, seen: [0, 10, 12, 8, 50, 50], hold: { position: 100, committed: 100 } })
  assert.deepEqual(found(state, 21_000), ['missing 10-11', 'expired 20-49'])
})
