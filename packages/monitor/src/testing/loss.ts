import type { MonitorReport } from 'sluice/monitor-report'

/**
 * What a producer of 100 records tells, and a consumer of group `billing` that leapt over offsets 40 to 44 and committed behind
 * them. Both have closed.
 */
export function simulateLoss(now: number): MonitorReport[] {
  const window = now - (now % 10_000) - 10_000
  const common = { v: 1, chain: [], droppedCells: 0, selfNs: 12, assignments: [] } as const
  const client = { host: 'h', pid: 1, library: 'sluice', version: '0', startedAt: window } as const
  const latency = { scale: 4, count: 95, sum: 475, min: 5, max: 5, zeros: 0, offset: 37, buckets: [95] }
  const cell = { topic: 'orders', partition: 0, window, version: 1, bytes: 1000 }
  const chain = [{ name: 'regex-filter', calls: 100, errors: 0, dropped: 0, state: 'on', meanNs: 800, maxNs: 9000 }] as const
  const producer = { ...common, session: 'aaaaaaaaaaaaaaaa', client: { ...client, role: 'producer', clientId: 'shop' }, chain } as const
  const consumer = {
    ...common,
    session: 'bbbbbbbbbbbbbbbb',
    client: { ...client, role: 'consumer', clientId: 'billing-1', groupId: 'billing' },
  } as const
  const hold = { topic: 'orders', partition: 0, number: 0, begin: 0, beganAt: window, committedAt: window + 9000 }
  return [
    {
      ...consumer,
      seq: 0,
      after: -1,
      event: 'start',
      sentAt: window,
      cells: [],
      assignments: [{ ...hold, version: 1, position: 0, committed: -1 }],
    },
    { ...producer, seq: 0, after: -1, event: 'start', sentAt: window, cells: [] },
    { ...producer, seq: 1, after: 0, event: 'close', sentAt: window + 9000, cells: [{ ...cell, records: 100, acked: [0, 100] }] },
    {
      ...consumer,
      seq: 1,
      after: 0,
      event: 'close',
      sentAt: window + 9500,
      cells: [{ ...cell, records: 95, seen: [0, 40, 45, 55], transit: latency, process: latency }],
      assignments: [{ ...hold, version: 2, position: 100, committed: 100, ended: true }],
    },
  ]
}
