import type { StreamRow } from '../../../src/api-types.ts'
import { isLoss, kinds } from '../findings.ts'
import { count } from '../format.ts'
import { Icon } from './icons.tsx'
import { Link } from './link.tsx'

/** A count that leads to exactly which records. */
export function Loss({ row, kind }: { readonly row: StreamRow; readonly kind: 'missing' | 'expired' | 'redelivered' }) {
  const value = row[kind]
  if (row.group === null) return <>–</>
  if (value === 0) return <span class="muted">0</span>
  return (
    <Link
      to={{ page: 'stream', topic: row.topic, group: row.group, open: kind, at: null, partition: null, sort: '', filter: '' }}
      class={isLoss(kind) ? 'bad-text' : 'warn-text'}
      title={`${kinds[kind].label}: which records`}
    >
      {isLoss(kind) && <Icon name="missing" />}
      {count(value)}
    </Link>
  )
}
