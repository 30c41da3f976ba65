import type { MonitorCell, MonitorReport } from 'sluice/monitor-report'
import type { TakenReport } from '../ingest/report-sink.ts'

/** A small generator of numbers that are the same in every run with the same seed. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Reports of a few clients that write and read, as their monitors would send them: cells grow, versions too. */
export function someReports(seed: number, count: number, startedAt: number): TakenReport[] {
  const next = seeded(seed)
  const sessions = Array.from({ length: 4 }, (_, index) => ({
    name: (seed * 16 + index).toString(16).padStart(16, '0'),
    role: index % 2 === 0 ? ('producer' as const) : ('consumer' as const),
    seq: 0,
    offset: 0,
    cells: new Map<number, MonitorCell>(),
    version: 0,
  }))
  return Array.from({ length: count }, (_, step) => {
    const session = sessions[next(sessions.length)]!
    const now = startedAt + step * 1000
    const window = now - (now % 10_000)
    const added = 1 + next(20)
    const before = session.cells.get(window)
    const first = before === undefined ? session.offset : before[session.role === 'producer' ? 'acked' : 'seen']![0]!
    session.offset += added
    const offsets = [first, session.offset - first]
    const cell: MonitorCell = {
      topic: 'orders',
      partition: 0,
      window,
      version: (before?.version ?? 0) + 1,
      records: (before?.records ?? 0) + added,
      bytes: (before?.bytes ?? 0) + added * 100,
      ...(session.role === 'producer' ? { acked: offsets } : { seen: offsets }),
      transit: { scale: 4, count: offsets[1]!, sum: offsets[1]! * 5, min: 5, max: 5, zeros: 0, offset: 37, buckets: [offsets[1]!] },
    }
    session.cells.set(window, cell)
    const assignments =
      session.role === 'producer'
        ? []
        : [
            {
              topic: 'orders',
              partition: 0,
              number: 0,
              version: ++session.version,
              begin: 0,
              beganAt: startedAt,
              position: session.offset,
              committed: session.offset,
              committedAt: now,
            },
          ]
    const seq = session.seq++
    const report: MonitorReport = {
      v: 1,
      session: session.name,
      seq,
      event: seq === 0 ? 'start' : 'report',
      sentAt: now,
      ...(seq === 0 ? {} : { probe: { seq: seq - 1, sentAt: now - 1000, ackedAt: now - 990 } }),
      client: {
        role: session.role,
        clientId: session.name,
        ...(session.role === 'consumer' ? { groupId: 'billing' } : {}),
        host: 'h',
        pid: 1,
        library: 'sluice',
        version: '0',
        startedAt,
      },
      cells: [cell],
      assignments,
      chain: [],
      droppedCells: 0,
      selfNs: 10,
    }
    return { report, receivedAt: now + 5, byBroker: true }
  })
}
