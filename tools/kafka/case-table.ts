/** One case in one run, as the reporter writes it. */
export interface CaseResult {
  readonly file: string
  readonly name: string
  readonly outcome: 'ran' | 'failed' | 'skipped'
  readonly ms: number
  /** Why it was skipped. */
  readonly reason?: string
}

/** All cases on one kind of cluster. */
export interface CaseRun {
  readonly title: string
  readonly results: readonly CaseResult[]
  readonly seconds: number
  /** Node's test runner ended with an error, whatever the results say. */
  readonly hasFailed: boolean
}

const CELL = 12
const NAME = 110

/** Which case ran where: a row per case, a column per run, why some were left out, and the totals. */
export function caseTable(runs: readonly CaseRun[]): string {
  const rows = new Map<string, { file: string; name: string; cells: (CaseResult | undefined)[] }>()
  for (const [column, { results }] of runs.entries()) {
    for (const result of results) {
      const key = `${result.file}\n${result.name}`
      const row = rows.get(key) ?? { file: result.file, name: result.name, cells: runs.map(() => undefined) }
      row.cells[column] = result
      rows.set(key, row)
    }
  }
  const lines = [
    line(
      runs.map(({ title }) => title),
      '',
    ),
  ]
  let file = ''
  const reasons = new Map<string, number>()
  for (const row of [...rows.values()].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))) {
    if (row.file !== file) lines.push('', row.file)
    file = row.file
    lines.push(
      line(
        row.cells.map((cell) => cellText(cell, reasons)),
        row.name,
      ),
    )
  }
  lines.push('', '- is a case that starts a broker of its own, or that only Kafka can tell something about')
  for (const [reason, number] of reasons) lines.push(`[${number}] ${reason}`)
  lines.push('')
  for (const { title, results, seconds } of runs) {
    const count = (outcome: CaseResult['outcome']): number => results.filter((result) => result.outcome === outcome).length
    lines.push(`${title}: ${count('ran')} ran, ${count('failed')} failed, ${count('skipped')} skipped, ${seconds} s`)
  }
  return `${lines.join('\n')}\n`
}

function line(cells: readonly string[], name: string): string {
  return `${cells.map((cell) => cell.padEnd(CELL)).join('')}${name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name}`.trimEnd()
}

/** `reasons` numbers what was skipped why. */
function cellText(cell: CaseResult | undefined, reasons: Map<string, number>): string {
  if (cell === undefined) return '-'
  if (cell.outcome !== 'skipped') return cell.outcome === 'failed' ? 'FAILED' : `${cell.ms} ms`
  const reason = cell.reason ?? ''
  if (!reasons.has(reason)) reasons.set(reason, reasons.size + 1)
  return `skipped [${reasons.get(reason)}]`
}
