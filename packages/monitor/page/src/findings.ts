// What a finding is called, what it means, and how it is said. Pure.
import type { AlertRow, AlertRule, GapKind, GapRange } from '../../src/api-types.ts'
import { count, duration, offsets, percent, plural } from './format.ts'

export interface KindInfo {
  readonly label: string
  readonly means: string
}

export const kinds: Readonly<Record<GapKind, KindInfo>> = {
  missing: { label: 'Missing', means: 'Committed past, and never given to the application.' },
  expired: { label: 'Expired', means: 'Removed by retention before the group read them.' },
  overwritten: { label: 'Overwritten', means: 'The same offset was acknowledged to two sends: the log was truncated.' },
  unverified: { label: 'Unverified', means: 'Committed by a consumer that died before it told what it had given out.' },
  redelivered: { label: 'Redelivered', means: 'Given out again before they were committed, as at-least-once allows.' },
  replayed: { label: 'Replayed', means: 'Given out again after they were committed: somebody set the offsets back.' },
  filtered: { label: 'Filtered', means: 'Taken out by an interceptor, on purpose.' },
  unattributed: { label: 'Unattributed', means: 'Read, but written by producers without the monitor.' },
  pending: { label: 'Pending', means: 'Acknowledged, and not reached by the group yet.' },
}

/** Worst first. */
export const kindNames = Object.keys(kinds) as readonly GapKind[]

/** Records are lost for the application: worth red. */
export function isLoss(kind: GapKind): boolean {
  return kind === 'missing' || kind === 'expired' || kind === 'overwritten'
}

/** As it is pasted into a message: `orders p3 88120–88131 (12 missing)`. */
export function rangeText(topic: string, range: GapRange): string {
  return `${topic} p${range.partition} ${offsets(range.first, range.last)} (${range.count} ${range.kind})`
}

/** Reads exactly these records. */
export function readCommand(topic: string, range: GapRange): string {
  const quoted = /^[\w.-]+$/.test(topic) ? topic : `'${topic.replaceAll("'", "'\\''")}'`
  return `kcat -b BROKER -C -t ${quoted} -p ${range.partition} -o ${range.first} -c ${range.last - range.first + 1} -e`
}

const metrics: Readonly<Record<AlertRule['metric'], { readonly label: string; readonly show: (value: number) => string }>> = {
  missing: { label: 'missing records', show: count },
  expired: { label: 'expired records', show: count },
  redeliveredShare: { label: 'share redelivered', show: percent },
  lagMs: { label: 'lag', show: duration },
  p99: { label: 'p99 latency', show: duration },
  coverage: { label: 'coverage', show: percent },
  clockOffsetMs: { label: 'clock offset', show: duration },
  deadClients: { label: 'dead clients', show: count },
}

export function describeRule(rule: AlertRule): string {
  const { label, show } = metrics[rule.metric]
  const limits = [
    rule.above === undefined ? [] : [`above ${show(rule.above)}`],
    rule.below === undefined ? [] : [`below ${show(rule.below)}`],
  ].flat()
  const held = rule.forMs ? ` for ${duration(rule.forMs)}` : ''
  return `${label} ${limits.join(' or ')}${held}`
}

export function alertValue(rules: readonly AlertRule[], alert: AlertRow): string {
  const metric = rules.find(({ name }) => name === alert.rule)?.metric
  return metric === undefined ? count(alert.value) : metrics[metric].show(alert.value)
}

export function describeAlert(alert: AlertRow): string {
  const about = [alert.topic, alert.group].filter((name) => name !== null).join(' to ')
  const where = alert.ranges.slice(0, 3).map((range) => `partition ${range.partition}, offsets ${offsets(range.first, range.last)}`)
  const more = alert.ranges.length > 3 ? ` and ${plural(alert.ranges.length - 3, 'more range')}` : ''
  const what = `${alert.rule}${about === '' ? '' : `, ${about}`}`
  return `${alert.until === null ? 'Alert' : 'Alert over'}: ${what}${where.length === 0 ? '' : `: ${where.join('; ')}${more}`}.`
}
