// A page with nothing on it says why, and what to do about it.
import type { StatusAnswer } from '../../../src/api-types.ts'
import { clockOn, duration, plural } from '../format.ts'
import { show, view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'
import { timeZone } from '../state/settings.ts'
import { lengthMs } from '../state/view-state.ts'
import { CopyButton } from './copy-button.tsx'
import { Icon } from './icons.tsx'

const sample = `import { KafkaConsumer } from 'sluice'
import { monitor } from 'sluice/interceptors'
const consumer = new KafkaConsumer({ bootstrapServers, groupId: 'billing' }, [monitor()])`

export function NothingReceived({ status }: { readonly status: StatusAnswer }) {
  return (
    <section class="empty" aria-labelledby="empty-title">
      <h1 id="empty-title">No reports yet</h1>
      <p>
        Give <code>monitor()</code> to your producers and consumers, as the last interceptor of each. They appear here within ten seconds.
      </p>
      <div class="code">
        <pre>
          <code>{sample}</code>
        </pre>
        <CopyButton text={sample} label="Copy the code">
          copy
        </CopyButton>
      </div>
      <dl class="facts">
        <dt>Reads reports from</dt>
        <dd>
          <code>{status.source}</code>
        </dd>
        <dt>Last report</dt>
        <dd>{status.lastReportAt === null ? 'never' : `${duration(status.now - status.lastReportAt)} ago`}</dd>
      </dl>
      <h2>If they do not</h2>
      <ul class="checks">
        <Check ok={status.problems.length === 0}>
          The collector reads its source without a problem
          {status.problems.map((problem) => (
            <p key={problem} class="bad-text">
              {problem}
            </p>
          ))}
        </Check>
        <Check ok={status.reports > 0}>A report has arrived: {plural(status.reports, 'report')} so far</Check>
        <Check>The application and the collector use the same cluster, and the same topic for reports</Check>
        <Check>The application may write to that topic: its log carries one warning if not, with the command that helps</Check>
        <Check>
          The topic has <code>message.timestamp.type=LogAppendTime</code>, by which clocks are compared
        </Check>
      </ul>
    </section>
  )
}

function Check({ ok, children }: { readonly ok?: boolean; readonly children: preact.ComponentChildren }) {
  return (
    <li class={ok === undefined ? 'check-open' : ok ? 'check-ok' : 'check-bad'}>
      <Icon name={ok === undefined ? 'note' : ok ? 'ok' : 'missing'} />
      <div>
        <span class="sr-only">{ok === undefined ? 'To check: ' : ok ? 'Yes: ' : 'Not yet: '}</span>
        {children}
      </div>
    </li>
  )
}

/** Producers report and nobody who reads does. */
export function NoConsumers({ groups }: { readonly groups: readonly string[] }) {
  return (
    <section class="empty" aria-labelledby="no-consumers">
      <h2 id="no-consumers">Producers report, consumers do not</h2>
      {groups.length > 0 ? (
        <p>
          {groups.map((group, index) => (
            <span key={group}>
              {index > 0 && ', '}
              <strong>{group}</strong>
            </span>
          ))}{' '}
          {groups.length === 1 ? 'commits' : 'commit'} offsets but {groups.length === 1 ? 'sends' : 'send'} no reports. Add the interceptor
          to its consumers, and what was delivered, missing and late is shown:
        </p>
      ) : (
        <p>
          What is written is counted below. Add the interceptor to the consumers, and what was delivered, missing and late is shown too:
        </p>
      )}
      <div class="code">
        <pre>
          <code>{sample}</code>
        </pre>
        <CopyButton text={sample} label="Copy the code">
          copy
        </CopyButton>
      </div>
    </section>
  )
}

export function EmptyRange({ status }: { readonly status: StatusAnswer | undefined }) {
  const { from, to } = useObservable(view)
  const zone = useObservable(timeZone)
  const last = status?.lastReportAt ?? null
  const length = lengthMs(from) ?? Math.max(0, Number(to) - Number(from))
  return (
    <section class="empty" aria-labelledby="empty-range">
      <h2 id="empty-range">No records in this range</h2>
      {last === null || status === undefined ? (
        <p>Choose another range above.</p>
      ) : (
        <>
          <p>The last report came at {clockOn(last, status.now, zone)}.</p>
          <button type="button" onClick={() => show({ from: String(Math.max(0, last - (length || 3_600_000))), to: String(last + 1000) })}>
            Jump there
          </button>
        </>
      )}
    </section>
  )
}
