import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'

export interface TableView {
  readonly columns: readonly string[]
  /** The first of a row names it. Newest first. */
  readonly rows: readonly (readonly string[])[]
}

interface FigureProps {
  readonly name: string
  readonly title: string
  /** What there is to see, in a sentence. */
  readonly summary: ComponentChildren
  /** What lies under the cursor; takes the summary's place while there is something. */
  readonly readout: string | null
  readonly legend?: ComponentChildren
  /** Beside the title. */
  readonly controls?: ComponentChildren
  readonly table: () => TableView
  readonly children: ComponentChildren
}

const MAX_ROWS = 1000

/** A chart that can be read in words and as a table, too. */
export function Figure({ name, title, summary, readout, legend, controls, table, children }: FigureProps) {
  const [asTable, setAsTable] = useState(false)
  const id = useId()
  return (
    <figure class="panel figure" aria-labelledby={id} data-figure={name}>
      <figcaption>
        <div class="panel-head">
          <h2 id={id}>{title}</h2>
          {controls}
          <button type="button" class="small" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            View as table
          </button>
        </div>
        <p class="summary">
          <span class={readout === null ? undefined : 'faded'}>{summary}</span>
          {readout !== null && (
            <span class="readout" aria-hidden="true">
              {readout}
            </span>
          )}
        </p>
      </figcaption>
      {asTable ? <PlainTable title={title} view={table()} /> : children}
      {!asTable && legend !== undefined && <ul class="legend">{legend}</ul>}
    </figure>
  )
}

function PlainTable({ title, view }: { readonly title: string; readonly view: TableView }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="table-box table-short" tabIndex={0} aria-label={`${title}, table`}>
      <table>
        <thead>
          <tr>
            {view.columns.map((column, index) => (
              <th key={column} scope="col" class={index > 0 ? 'number' : undefined}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {view.rows.slice(0, MAX_ROWS).map((row) => (
            <tr key={row[0]}>
              <th scope="row">{row[0]}</th>
              {row.slice(1).map((cell, index) => (
                <td key={view.columns[index + 1]} class="number">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

export function LegendItem({ swatch, children }: { readonly swatch: string; readonly children: ComponentChildren }) {
  return (
    <li>
      <span class={`swatch swatch-${swatch}`} aria-hidden="true" />
      {children}
    </li>
  )
}
