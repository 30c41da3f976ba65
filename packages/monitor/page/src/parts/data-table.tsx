import type { ComponentChildren } from 'preact'
import { count } from '../format.ts'
import { show, view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'

export interface Column<Row> {
  readonly key: string
  readonly label: string
  /** What the figure means, for a pointer that rests on it. */
  readonly title?: string
  readonly numeric?: boolean
  readonly cell: (row: Row) => ComponentChildren
  /** Makes the column sortable. */
  readonly sortBy?: (row: Row) => number | string | null
}

interface DataTableProps<Row> {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  readonly rowClass?: (row: Row) => string | undefined
  /** A column's key, with a minus before it for largest first; for when the address says nothing. */
  readonly sort?: string
}

/** More than these are read by nobody, and would take their time every second. */
const MOST_ROWS = 300

/** The first column names the row; it stays in view when the rest is scrolled sideways. */
export function DataTable<Row>({ caption, columns, rows, rowKey, rowClass, sort = '' }: DataTableProps<Row>) {
  const asked = useObservable(view).sort
  const isOurs = columns.some((column) => column.sortBy !== undefined && column.key === asked.replace(/^-/, ''))
  const order = isOurs ? asked : sort
  const ordered = sorted(rows, columns, order)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="table-box" tabIndex={0} aria-label={`${caption}, table`}>
      <table>
        <caption class="sr-only">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.key} column={column} order={order} />
            ))}
          </tr>
        </thead>
        <tbody>
          {ordered.slice(0, MOST_ROWS).map((row) => (
            <tr key={rowKey(row)} class={rowClass?.(row)}>
              {columns.map((column, index) =>
                index === 0 ? (
                  <th key={column.key} scope="row">
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.key} class={column.numeric ? 'number' : undefined} data-column={column.key}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {ordered.length > MOST_ROWS && (
        <p class="table-rest muted">
          The first {MOST_ROWS} of {count(ordered.length)}: filter to see others.
        </p>
      )}
    </section>
  )
}

function Heading<Row>({ column, order }: { readonly column: Column<Row>; readonly order: string }) {
  const down = order === `-${column.key}`
  const up = order === column.key
  const classes = column.numeric ? 'number' : undefined
  if (column.sortBy === undefined) {
    return (
      <th scope="col" class={classes} title={column.title}>
        {column.label}
      </th>
    )
  }
  // Numbers are looked at from the largest on.
  const next = column.numeric ? (down ? column.key : `-${column.key}`) : up ? `-${column.key}` : column.key
  return (
    <th scope="col" class={classes} title={column.title} aria-sort={down ? 'descending' : up ? 'ascending' : undefined}>
      <button type="button" class="sort" onClick={() => show({ sort: next }, 'replace')}>
        {column.label}
        <span class="sort-mark" aria-hidden="true">
          {down ? '↓' : up ? '↑' : ''}
        </span>
      </button>
    </th>
  )
}

function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: string): readonly Row[] {
  const column = columns.find(({ key }) => key === order.replace(/^-/, ''))
  if (column?.sortBy === undefined) return rows
  const sign = order.startsWith('-') ? -1 : 1
  const rank = column.sortBy
  return [...rows].sort((a, b) => {
    const left = rank(a)
    const right = rank(b)
    if (left === null || right === null) return (left === null ? 1 : 0) - (right === null ? 1 : 0)
    return sign * (typeof left === 'string' ? left.localeCompare(String(right)) : left - Number(right))
  })
}
