/** RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before it (topic names may begin with "-"). */
export function csv(columns: readonly string[], rows: Iterable<readonly (string | number | null | undefined)[]>): string {
  const lines = [columns.join(',')]
  for (const row of rows) lines.push(row.map(field).join(','))
  return `${lines.join('\r\n')}\r\n`
}

function field(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
