import { show, view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'
import type { ViewState } from '../state/view-state.ts'
import { Icon } from './icons.tsx'

export function FilterBox({ what }: { readonly what: string }) {
  const { filter, topic, group } = useObservable(view)
  const fixed = [topic, group].filter((name) => name !== null)
  return (
    <div class="filters">
      {fixed.map((name) => (
        <button type="button" class="small" key={name} onClick={() => show({ page: 'overview', topic: null, group: null })}>
          {name}
          <Icon name="close" />
          <span class="sr-only">: show all</span>
        </button>
      ))}
      <label>
        <span class="sr-only">Filter {what}</span>
        <input
          type="search"
          id="filter"
          placeholder={`Filter ${what}`}
          value={filter}
          onInput={(event) => show({ filter: event.currentTarget.value }, 'replace')}
        />
      </label>
    </div>
  )
}

export function matching(row: { readonly topic: string; readonly group: string | null }, { topic, group, filter }: ViewState): boolean {
  if (topic !== null && row.topic !== topic) return false
  if (group !== null && row.group !== group) return false
  const wanted = filter.toLowerCase()
  return wanted === '' || row.topic.toLowerCase().includes(wanted) || (row.group ?? '').toLowerCase().includes(wanted)
}
