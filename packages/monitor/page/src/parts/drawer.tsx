import { useEffect, useRef } from 'preact/hooks'
import type { GapKind, GapRange, RangesAnswer } from '../../../src/api-types.ts'
import { isLoss, kindNames, kinds, rangeText, readCommand } from '../findings.ts'
import { clockOn, count, offsets, plural } from '../format.ts'
import { useAnswer } from '../state/answers.ts'
import { now } from '../state/feed.ts'
import { show, view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'
import { timeZone } from '../state/settings.ts'
import { CopyButton } from './copy-button.tsx'
import { Icon } from './icons.tsx'
import { closed } from './link.tsx'
import { capital, Waiting } from './notices.tsx'

const MOST_SHOWN = 300

interface DrawerProps {
  readonly topic: string
  readonly group: string
  readonly bin: number
}

/** Exactly which records: of a kind, a bin or a partition. It lies beside the charts and closes with Escape. */
export function Drawer({ topic, group, bin }: DrawerProps) {
  const { open, at, partition } = useObservable(view)
  const dialog = useRef<HTMLDialogElement>(null)
  const isOpen = open !== null
  useEffect(() => {
    const element = dialog.current!
    if (!isOpen) return undefined
    const opener = document.activeElement
    element.showModal()
    return () => {
      element.close()
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [isOpen])
  const close = (): void => show(closed, 'replace')
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same as a click beside it
    <dialog
      ref={dialog}
      class="drawer"
      aria-labelledby="drawer-title"
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) close()
      }}
    >
      {isOpen && (
        <Contents
          topic={topic}
          group={group}
          bin={bin}
          kind={kindNames.find((kind) => kind === open) ?? 'all'}
          at={at}
          partition={partition}
          close={close}
        />
      )}
    </dialog>
  )
}

interface ContentsProps extends DrawerProps {
  readonly kind: GapKind | 'all'
  readonly at: number | null
  readonly partition: number | null
  readonly close: () => void
}

function Contents({ topic, group, bin, kind, at, partition, close }: ContentsProps) {
  const zone = useObservable(timeZone)
  const query = kind === 'all' ? '' : `?kind=${kind}`
  const path = `streams/${encodeURIComponent(topic)}/${encodeURIComponent(group)}/ranges${query}`
  const answer = useAnswer<RangesAnswer>(path)
  const found = (answer.data?.ranges ?? [])
    .filter((range) => partition === null || range.partition === partition)
    .filter((range) => at === null || range.window === undefined || (range.window >= at && range.window < at + bin))
    .toSorted((a, b) => kindNames.indexOf(a.kind) - kindNames.indexOf(b.kind) || a.partition - b.partition || a.first - b.first)
  const records = found.reduce((sum, range) => sum + range.count, 0)
  const narrowed = [partition === null ? [] : [`partition ${partition}`], at === null ? [] : [`bin ${clockOn(at, now.value, zone)}`]].flat()
  const title = kind === 'all' ? 'Findings' : kinds[kind].label
  return (
    <div class="drawer-body">
      <div class="panel-head">
        <h2 id="drawer-title">{narrowed.length === 0 ? title : `${title}: ${narrowed.join(', ')}`}</h2>
        {/* biome-ignore lint/a11y/noAutofocus: where the focus of a dialog goes */}
        <button type="button" class="square" aria-label="Close" onClick={close} autoFocus>
          <Icon name="close" />
        </button>
      </div>
      <p class="muted">
        {topic} → {group}
        {kind !== 'all' && <>. {kinds[kind].means}</>}
      </p>
      {answer.data === undefined ? (
        <Waiting error={answer.error && capital(answer.error)} />
      ) : found.length === 0 ? (
        <p>Nothing was found here.</p>
      ) : (
        <>
          <div class="panel-head">
            <p>
              {plural(records, 'record')} in {plural(found.length, 'range')}
            </p>
            <CopyButton text={found.map((range) => rangeText(topic, range)).join('\n')} label="Copy all ranges">
              copy all
            </CopyButton>
          </div>
          <ol class="findings">
            {found.slice(0, MOST_SHOWN).map((range) => (
              <Finding key={`${range.kind}/${range.partition}/${range.first}`} topic={topic} range={range} withKind={kind === 'all'} />
            ))}
          </ol>
          {found.length > MOST_SHOWN && <p class="muted">The first {MOST_SHOWN} are shown; all of them are copied.</p>}
        </>
      )}
    </div>
  )
}

function Finding({ topic, range, withKind }: { readonly topic: string; readonly range: GapRange; readonly withKind: boolean }) {
  const zone = useObservable(timeZone)
  const what = rangeText(topic, range)
  return (
    <li data-range={`${range.kind}:${range.partition}:${range.first}-${range.last}`}>
      <div class="finding-line">
        <span class="finding-where">
          p{range.partition} <code>{offsets(range.first, range.last)}</code>
        </span>
        <span class="muted">({count(range.count)})</span>
        {withKind && (
          <span class={isLoss(range.kind) ? 'bad-text' : 'muted'}>
            {isLoss(range.kind) && <Icon name="missing" />}
            {range.kind}
          </span>
        )}
        <span class="finding-actions">
          <CopyButton text={what} label={`Copy ${what}`} />
          <CopyButton text={readCommand(topic, range)} label={`Copy the kcat command that reads ${what}`}>
            kcat
          </CopyButton>
        </span>
      </div>
      <p class="muted">
        {[
          range.by === undefined ? [] : [`by ${range.by}`],
          range.window === undefined ? [] : [`records of ${clockOn(range.window, now.value, zone)}`],
          range.foundAt === undefined ? [] : [`found ${clockOn(range.foundAt, now.value, zone)}`],
        ]
          .flat()
          .join(' · ')}
      </p>
    </li>
  )
}
