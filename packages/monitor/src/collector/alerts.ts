import type { AlertRow, AlertRule, GapRange, StreamRow } from '../api-types.ts'
import { rangesAnswer } from './answers/ranges.ts'
import { streamsAnswer } from './answers/streams.ts'
import type { MonitorState } from './monitor-state.ts'

/** What was found within the last hour alerts; what is older has been alerted. */
const FOUND_MS = 3_600_000
/** Shares and latencies are of so much time. */
const RECENT_MS = 300_000
const MAX_RANGES = 100
const MAX_HISTORY = 1000

interface Finding {
  readonly topic: string | null
  readonly group: string | null
  readonly value: number
  readonly ranges: readonly GapRange[]
}

/** Decides when rules begin and cease to hold. Only what is judged counts: records that a client may still tell of never alert. */
export class AlertEngine {
  readonly rules: readonly AlertRule[]
  readonly #active = new Map<string, AlertRow>()
  /** Since when a rule holds that must hold for some time. */
  readonly #holding = new Map<string, number>()
  #history: AlertRow[]

  /** `known`: alerts of an earlier run, the newest first; those without an end go on. */
  constructor(rules: readonly AlertRule[], known: readonly AlertRow[] = []) {
    this.rules = rules
    for (const alert of known) if (alert.until === null) this.#active.set(keyOf(alert.rule, alert), alert)
    this.#history = known.filter(({ until }) => until !== null).slice(0, MAX_HISTORY)
  }

  /** The newest first. */
  get active(): readonly AlertRow[] {
    return [...this.#active.values()].sort((a, b) => b.since - a.since)
  }

  /** Those that are over, the newest first. */
  get history(): readonly AlertRow[] {
    return this.#history
  }

  /** Looks at everything once; returns the alerts that began, changed or ended. */
  evaluate(state: MonitorState, now: number): AlertRow[] {
    const changed: AlertRow[] = []
    const holds = new Set<string>()
    for (const rule of this.rules) {
      for (const finding of findingsOf(rule, state, now)) {
        const key = keyOf(rule.name, finding)
        holds.add(key)
        const since = this.#holding.get(key) ?? this.#active.get(key)?.since ?? now
        this.#holding.set(key, since)
        if (now - since < (rule.forMs ?? 0)) continue
        const before = this.#active.get(key)
        const alert: AlertRow = { ...finding, id: before?.id ?? `${key}/${since}`, rule: rule.name, since, until: null }
        this.#active.set(key, alert)
        if (before === undefined || JSON.stringify(before) !== JSON.stringify(alert)) changed.push(alert)
      }
    }
    for (const key of this.#holding.keys()) if (!holds.has(key)) this.#holding.delete(key)
    for (const [key, alert] of this.#active) {
      if (holds.has(key)) continue
      const over = { ...alert, until: now }
      this.#active.delete(key)
      this.#history = [over, ...this.#history].slice(0, MAX_HISTORY)
      changed.push(over)
    }
    return changed
  }
}

function keyOf(rule: string, { topic, group }: Pick<Finding, 'topic' | 'group'>): string {
  return JSON.stringify([rule, topic, group])
}

function findingsOf(rule: AlertRule, state: MonitorState, now: number): Finding[] {
  const all = (rule.metric === 'clockOffsetMs' || rule.metric === 'deadClients' ? clientFinding : streamFindings)(rule, state, now)
  return all.filter(({ value }) => (rule.above !== undefined && value > rule.above) || (rule.below !== undefined && value < rule.below))
}

function clientFinding(rule: AlertRule, state: MonitorState, now: number): Finding[] {
  const sessions = [...state.sessions.values()]
  let value: number
  if (rule.metric === 'deadClients') {
    value = sessions.filter((session) => session.stateAt(now) === 'dead' && now - session.lastReportAt <= FOUND_MS).length
  } else {
    // What the bound leaves open is not held against a clock.
    const offsets = sessions.map((session) => {
      const { clock } = session
      return clock === null || session.stateAt(now) !== 'live' ? 0 : Math.max(0, Math.abs(clock.aheadMs) - clock.errorMs)
    })
    value = Math.max(0, ...offsets)
  }
  return [{ topic: null, group: null, value, ranges: [] }]
}

function streamFindings(rule: AlertRule, state: MonitorState, now: number): Finding[] {
  const { metric } = rule
  const { streams } = streamsAnswer(state, now, { from: now - RECENT_MS, to: now + 1 })
  return streams.flatMap((row) => {
    const { topic, group } = row
    if (group === null || (rule.topic ?? topic) !== topic || (rule.group ?? group) !== group) return []
    if (metric === 'missing' || metric === 'expired') {
      const ranges = rangesAnswer(state, now, topic, group, metric)!.ranges.filter(({ foundAt }) => now - foundAt! <= FOUND_MS)
      const value = ranges.reduce((sum, { count }) => sum + count, 0)
      return [{ topic, group, value, ranges: ranges.slice(-MAX_RANGES) }]
    }
    const value = measured(metric, row)
    if (value === null) return []
    const repeated = metric === 'redeliveredShare' && value > 0 ? rangesAnswer(state, now, topic, group, 'redelivered')!.ranges : []
    const ranges = repeated.filter(({ window }) => window === undefined || window > now - RECENT_MS).slice(-MAX_RANGES)
    return [{ topic, group, value, ranges }]
  })
}

function measured(metric: AlertRule['metric'], row: StreamRow): number | null {
  switch (metric) {
    case 'lagMs':
      return row.lagMs
    case 'redeliveredShare':
      return row.consumed === 0 ? null : row.redelivered / row.consumed
    case 'p99':
      return row.latency?.p99 ?? null
    case 'coverage':
      return row.coverage
    default:
      return null
  }
}
