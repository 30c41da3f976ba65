// Canvases know nothing of CSS variables: their colours are read anew whenever the theme changes.

const names = [
  'surface',
  'text',
  'muted',
  'grid',
  'accent',
  'consumed',
  'consumed-fill',
  'missing',
  'missing-fill',
  'pending',
  'redelivered',
  'partial',
  'heat-0',
  'heat-1',
  'heat-2',
  'p50',
  'p90',
  'p99',
] as const

export type Colors = Readonly<Record<(typeof names)[number], string>>

/** Resolved through a real element, since a variable's own value may still say `light-dark(…)`. */
export function readColors(): Colors {
  const probe = document.createElement('span')
  probe.hidden = true
  document.body.append(probe)
  const colors = Object.fromEntries(
    names.map((name) => {
      probe.style.color = `var(--${name})`
      return [name, getComputedStyle(probe).color]
    }),
  )
  probe.remove()
  return colors as unknown as Colors
}

/** Diagonal lines, so that an area is told apart without its colour. */
export function hatch(context: CanvasRenderingContext2D, color: string, background: string | null, ratio: number): CanvasPattern | string {
  const size = Math.round(6 * ratio)
  const tile = document.createElement('canvas')
  tile.width = size
  tile.height = size
  const pen = tile.getContext('2d')
  if (pen === null) return color
  if (background !== null) {
    pen.fillStyle = background
    pen.fillRect(0, 0, size, size)
  }
  pen.strokeStyle = color
  pen.lineWidth = 1.4 * ratio
  pen.beginPath()
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size)
    pen.lineTo(shift + size, 0)
  }
  pen.stroke()
  return context.createPattern(tile, 'repeat') ?? color
}

/** Between three colours, 0 to 1. */
export function heat(colors: Colors, share: number): string {
  const [from, to, at] = share < 0.5 ? [colors['heat-0'], colors['heat-1'], share * 2] : [colors['heat-1'], colors['heat-2'], share * 2 - 1]
  const a = channels(from)
  const b = channels(to)
  return `rgb(${a.map((value, index) => Math.round(value + (b[index]! - value) * at)).join(' ')})`
}

function channels(color: string): readonly number[] {
  return (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number)
}
