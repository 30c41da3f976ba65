// What a collector knows, made up once: every state of a stream that a frame tells apart.
import type {
  AlertsAnswer,
  ClientRow,
  ClientsAnswer,
  GapRange,
  PartitionsAnswer,
  StatusAnswer,
  StreamRow,
  StreamsAnswer,
} from '../../api-types.ts'

/** 2026-03-14 10:14:32 UTC. */
export const NOW: number = Date.UTC(2026, 2, 14, 10, 14, 32)

export function streamRow(row: Partial<StreamRow> & Pick<StreamRow, 'topic' | 'group'>): StreamRow {
  return {
    produced: 0,
    consumed: 0,
    missing: 0,
    redelivered: 0,
    replayed: 0,
    expired: 0,
    filtered: 0,
    lag: 0,
    lagMs: 0,
    trend: 'steady',
    unattributed: 0,
    unverified: 0,
    overwritten: 0,
    coverage: null,
    producedPerSec: 0,
    consumedPerSec: 0,
    latency: null,
    recent: [],
    ...row,
  }
}

export const orders: StreamRow = streamRow({
  topic: 'orders',
  group: 'billing',
  produced: 1_204_684,
  consumed: 1_204_332,
  missing: 12,
  redelivered: 340,
  filtered: 3,
  lag: 337,
  lagMs: 300,
  trend: 'shrinking',
  coverage: 0.97,
  producedPerSec: 1210,
  consumedPerSec: 1232,
  latency: { p50: 8, p90: 31, p99: 84, max: 1210, errorMs: 2 },
  recent: [1, 1, 1, 0.97, 1, null, 1, 1, 0.5, 1],
})

export const rows: readonly StreamRow[] = [
  streamRow({
    topic: 'orders',
    group: 'search',
    produced: 1_204_684,
    lag: 4_100_000,
    lagMs: 57 * 60_000,
    trend: 'growing',
    producedPerSec: 1210,
    recent: [null, null, null, null],
  }),
  orders,
  streamRow({
    topic: 'clicks',
    group: 'sessions',
    produced: 99_000,
    consumed: 99_000,
    coverage: 1,
    producedPerSec: 41.5,
    consumedPerSec: 41.5,
    latency: { p50: 3.2, p90: 4, p99: 6, max: 12, errorMs: 2 },
    recent: [1, 1, 1, 1, 1, 1],
  }),
  streamRow({ topic: 'audit', group: null, produced: 17, producedPerSec: 0.2 }),
  streamRow({ topic: 'ウェブ\u{1f680}ログ', group: 'größe', produced: 5, consumed: 5, coverage: 1, recent: [1] }),
]

export const missingRanges: readonly GapRange[] = [
  { kind: 'missing', partition: 3, first: 88_120, last: 88_130, count: 11, foundAt: NOW - 30_000 },
  { kind: 'missing', partition: 5, first: 7, last: 7, count: 1, foundAt: NOW - 86_400_000 },
]

export const otherRanges: readonly GapRange[] = [
  { kind: 'redelivered', partition: 3, first: 90_000, last: 90_339, count: 340 },
  { kind: 'filtered', partition: 0, first: 100, last: 102, count: 3, by: 'regexFilter: no match' },
]

export function client(row: Partial<ClientRow> & Pick<ClientRow, 'session' | 'clientId'>): ClientRow {
  return {
    role: 'producer',
    groupId: null,
    app: null,
    host: 'web-1',
    library: 'sluice',
    version: '0.1.0',
    startedAt: NOW - 600_000,
    lastReportAt: NOW - 3000,
    state: 'live',
    clockOffsetMs: 1,
    clockErrorMs: 2,
    droppedCells: 0,
    selfNs: 61,
    chain: [],
    ...row,
  }
}

export const clients: readonly ClientRow[] = [
  client({
    session: '00000000000000a1',
    clientId: 'orders-api',
    app: 'shop',
    host: 'web-7',
    clockOffsetMs: 180,
    chain: [
      { name: 'schema', calls: 1_204_700, errors: 0, dropped: 16, state: 'on', meanNs: 1800, maxNs: 4_100_000 },
      { name: 'enrich', calls: 1_204_684, errors: 3, dropped: 0, state: 'off', meanNs: 220, maxNs: 91_000 },
      { name: 'audit', calls: 0, errors: 0, dropped: 0, state: 'on', meanNs: -1, maxNs: -1 },
    ],
  }),
  client({ session: '00000000000000b1', clientId: 'billing-1', role: 'consumer', groupId: 'billing', host: 'db-2' }),
  client({
    session: '00000000000000b2',
    clientId: 'billing-2',
    role: 'consumer',
    groupId: 'billing',
    state: 'dead',
    lastReportAt: NOW - 95_000,
    droppedCells: 4,
  }),
]

export interface Seeded {
  streams: StreamsAnswer
  alerts: AlertsAnswer
  clients: ClientsAnswer
  status: StatusAnswer
  ranges: Record<string, readonly GapRange[]>
  partitions: Record<string, PartitionsAnswer>
}

const REVISION = 812

/** A copy of its own for each test, to be changed at will. Ranges and partitions by `topic/group`. */
export function seeded(streams: readonly StreamRow[] = rows): Seeded {
  return {
    streams: { revision: REVISION, now: NOW, streams },
    alerts: {
      revision: REVISION,
      rules: [
        { name: 'missing', metric: 'missing', above: 0 },
        { name: 'too late', metric: 'lagMs', above: 60_000 },
      ],
      active: [
        { id: '1', rule: 'missing', topic: 'orders', group: 'billing', value: 12, since: NOW - 30_000, until: null, ranges: missingRanges },
        { id: '2', rule: 'too late', topic: 'orders', group: 'search', value: 57 * 60_000, since: NOW - 600_000, until: null, ranges: [] },
      ],
      history: [],
    },
    clients: { revision: REVISION, clients },
    status: {
      revision: REVISION,
      now: NOW,
      source: 'topic _sluice.monitor',
      reports: 90,
      lastReportAt: NOW - 3000,
      sessions: { live: 2, closed: 0, dead: 1 },
      unmonitoredGroups: [],
      problems: [],
    },
    ranges: { 'orders/billing': [...otherRanges, ...missingRanges] },
    partitions: {
      'orders/billing': {
        revision: REVISION,
        partitions: [
          {
            partition: 0,
            end: 401_000,
            committed: 401_000,
            lag: 0,
            lagMs: 0,
            missing: 0,
            redelivered: 0,
            owner: '00000000000000b1',
            recentLag: [0, 0, 4, 0],
          },
          {
            partition: 3,
            end: 402_337,
            committed: 402_000,
            lag: 337,
            lagMs: 300,
            missing: 11,
            redelivered: 340,
            owner: null,
            recentLag: [null, 900, 600, 337],
          },
        ],
      },
    },
  }
}
