import type { StreamRow } from '../../../src/api-types.ts'

const HEIGHT = 18
const MOST = 30
const WINDOW_MS = 10_000

/**
 * Delivered share by window, oldest first: a full bar is all of it. What is not there is blue where it is only not reached yet,
 * and red where records are lost.
 */
export function Sparkline({
  row,
}: {
  readonly row: Pick<StreamRow, 'topic' | 'group' | 'recent' | 'missing' | 'expired' | 'lag' | 'lagMs'>
}) {
  const size = Math.max(1, Math.ceil(row.recent.length / MOST))
  const shown = merged(row.recent, size)
  const known = shown.filter((value) => value !== null)
  if (known.length === 0) return <span class="muted">–</span>
  const step = 100 / Math.max(shown.length, 12)
  // From the window of the oldest record that waits on, what is not there may come yet.
  const reached = row.lag > 0 ? shown.length - 1 - Math.ceil(row.lagMs / (WINDOW_MS * size)) : shown.length
  const hasLost = row.missing + row.expired > 0
  return (
    <svg class="spark" viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={describe(row.topic, known)}>
      {shown.map((value, index) => {
        if (value === null) return null
        // What is not there is never thinner than can be seen.
        const gap = value >= 1 ? 0 : Math.max(5, (1 - value) * HEIGHT)
        const left = 100 - (shown.length - index) * step
        const width = step * 0.78
        const isLost = hasLost && index <= reached
        return (
          <>
            {gap < HEIGHT && <rect class="spark-got" x={left} y={gap} width={width} height={HEIGHT - gap} />}
            {gap > 0 && <rect class={isLost ? 'spark-gap' : 'spark-pending'} x={left} y={0} width={width} height={gap} />}
          </>
        )
      })}
    </svg>
  )
}

/** Neighbours become one bar, and the worse of them counts. */
function merged(recent: readonly (number | null)[], size: number): (number | null)[] {
  return Array.from({ length: Math.ceil(recent.length / size) }, (_, index) => {
    const known = recent.slice(index * size, (index + 1) * size).filter((value) => value !== null)
    return known.length === 0 ? null : Math.min(...known)
  })
}

function describe(topic: string, known: readonly number[]): string {
  const worst = Math.min(...known)
  const last = known.at(-1)!
  const text =
    worst >= 1 ? 'everything in every window' : `at worst ${Math.floor(worst * 1000) / 10} %, now ${Math.floor(last * 1000) / 10} %`
  return `Delivered of ${topic}: ${text}`
}
