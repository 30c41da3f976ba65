/** `; did you mean "lingerMs"?` when one of `known` is close to `name`, else an empty string. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const near = nearName(name, known)
  return near === undefined ? '' : `; did you mean "${near}"?`
}

/** The known name that `name` was most likely meant to be, if any is close enough. */
export function nearName(name: string, known: Iterable<string>): string | undefined {
  const wanted = plain(name)
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const other = plain(candidate)
    // A name that starts or ends the other (timeoutMs, requestTimeoutMs) is near enough, after those that differ by little.
    const part = wanted.length >= 4 && (other.startsWith(wanted) || other.endsWith(wanted))
    const distance = Math.min(editDistance(wanted, other), part ? 1.5 : Number.POSITIVE_INFINITY)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function plain(name: string): string {
  return name
    .slice(0, 64)
    .toLowerCase()
    .replaceAll(/[-._\s]/g, '')
}

/** Insertions, deletions, replacements and swaps of neighbours between two short names. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const above = rows[i - 1] as number[]
      let least = Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, (above[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (rows[i - 2]?.[j - 2] as number) + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return rows[a.length]?.[b.length] as number
}
