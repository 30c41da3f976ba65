import type { AlertRow, AlertRule, AlertsAnswer, GapRange } from '../../../src/api-types.ts'
import { alertValue, describeRule, rangeText } from '../findings.ts'
import { clockOn, count, duration, offsets, plural } from '../format.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { Icon } from '../parts/icons.tsx'
import { Link } from '../parts/link.tsx'
import { Waiting } from '../parts/notices.tsx'
import { useAnswer } from '../state/answers.ts'
import { now } from '../state/feed.ts'
import { useObservable } from '../state/observable.ts'
import { timeZone } from '../state/settings.ts'

export function AlertsPage() {
  const answer = useAnswer<AlertsAnswer>('alerts')
  if (answer.data === undefined) {
    return (
      <>
        <h1>Alerts</h1>
        <Waiting error={answer.error} />
      </>
    )
  }
  const { rules, active, history } = answer.data
  return (
    <>
      <h1 class="sr-only">Alerts</h1>
      <section class="panel" aria-labelledby="active-title">
        <h2 id="active-title">Active</h2>
        {active.length === 0 ? (
          <p class="all-well">
            <Icon name="ok" />
            No rule is broken.
          </p>
        ) : (
          <AlertList alerts={active} rules={rules} />
        )}
      </section>
      <section class="panel" aria-labelledby="history-title">
        <h2 id="history-title">History</h2>
        {history.length === 0 ? <p class="muted">No alert has ended yet.</p> : <AlertList alerts={history} rules={rules} />}
      </section>
      <section class="panel" aria-labelledby="rules-title">
        <h2 id="rules-title">Rules</h2>
        {rules.length === 0 ? <p class="muted">No rules.</p> : <Rules rules={rules} active={active} />}
      </section>
    </>
  )
}

function AlertList({ alerts, rules }: { readonly alerts: readonly AlertRow[]; readonly rules: readonly AlertRule[] }) {
  return (
    <ol class="alerts">
      {alerts.map((alert) => (
        <AlertItem key={alert.id} alert={alert} rules={rules} />
      ))}
    </ol>
  )
}

function AlertItem({ alert, rules }: { readonly alert: AlertRow; readonly rules: readonly AlertRule[] }) {
  const zone = useObservable(timeZone)
  const at = useObservable(now)
  const { topic, group, since, until, ranges } = alert
  return (
    <li data-alert={alert.id}>
      <div class="alert-line">
        <span class={until === null ? 'bad-text strong' : 'strong'}>
          {until === null && <Icon name="missing" />}
          {alert.rule}
        </span>
        <span class="number">{alertValue(rules, alert)}</span>
        {topic !== null && group !== null ? (
          <Link to={{ page: 'stream', topic, group, open: ranges[0]?.kind ?? null, at: null, partition: null, sort: '', filter: '' }}>
            {topic} → {group}
          </Link>
        ) : (
          <span>{topic ?? group ?? ''}</span>
        )}
        <span class="muted">
          {until === null
            ? `since ${clockOn(since, at, zone)}, ${duration(Math.max(0, at - since))}`
            : `${clockOn(since, at, zone)} to ${clockOn(until, at, zone)}, ${duration(until - since)}`}
        </span>
      </div>
      {ranges.length > 0 && <RangeList topic={topic ?? ''} ranges={ranges} />}
    </li>
  )
}

const SHOWN = 8

function RangeList({ topic, ranges }: { readonly topic: string; readonly ranges: readonly GapRange[] }) {
  return (
    <div class="ranges">
      <ul class="inline">
        {ranges.slice(0, SHOWN).map((range) => (
          <li key={`${range.partition}/${range.first}`} data-range={`${range.kind}:${range.partition}:${range.first}-${range.last}`}>
            p{range.partition} <code>{offsets(range.first, range.last)}</code> <span class="muted">({count(range.count)})</span>
          </li>
        ))}
        {ranges.length > SHOWN && <li class="muted">and {plural(ranges.length - SHOWN, 'more range')}</li>}
      </ul>
      <CopyButton text={ranges.map((range) => rangeText(topic, range)).join('\n')} label="Copy the ranges">
        copy
      </CopyButton>
    </div>
  )
}

function Rules({ rules, active }: { readonly rules: readonly AlertRule[]; readonly active: readonly AlertRow[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="table-box" tabIndex={0} aria-label="Rules, table">
      <table>
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Broken when</th>
            <th scope="col">Topic</th>
            <th scope="col">Group</th>
            <th scope="col">Now</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => {
            const broken = active.filter((alert) => alert.rule === rule.name).length
            return (
              <tr key={rule.name}>
                <th scope="row">{rule.name}</th>
                <td>{describeRule(rule)}</td>
                <td>{rule.topic ?? 'all'}</td>
                <td>{rule.group ?? 'all'}</td>
                <td>{broken === 0 ? <span class="muted">kept</span> : <span class="bad-text">broken: {plural(broken, 'alert')}</span>}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}
