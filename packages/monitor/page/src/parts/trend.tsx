import type { StreamRow } from '../../../src/api-types.ts'
import { Icon } from './icons.tsx'

export function Trend({ trend }: { readonly trend: StreamRow['trend'] }) {
  return (
    <span class={`trend trend-${trend}`}>
      <Icon name={trend} />
      {trend}
    </span>
  )
}
