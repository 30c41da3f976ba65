import type { ComponentChildren } from 'preact'
import { Icon } from './icons.tsx'
import { Link } from './link.tsx'

interface TileProps {
  readonly name: string
  readonly label: string
  readonly value: string
  readonly note: string
  readonly bad?: boolean
  /** Sorts the table below by what the tile is about. */
  readonly sort?: string
  readonly children?: ComponentChildren
}

export function Tile({ name, label, value, note, bad = false, sort, children }: TileProps) {
  const body = (
    <>
      <span class="tile-label">{label}</span>
      <span class={bad ? 'tile-value bad-text' : 'tile-value'} data-figure={name}>
        {bad && <Icon name="missing" />}
        {value}
      </span>
      <span class="tile-note">
        {note}
        {children}
      </span>
    </>
  )
  if (sort === undefined) return <div class="tile">{body}</div>
  return (
    <Link to={{ sort }} class="tile" title={`Sort the streams by ${label.toLowerCase()}`}>
      {body}
    </Link>
  )
}
