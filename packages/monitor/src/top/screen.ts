import type { Clock, Timer } from 'sluice'
import { widthOf } from './text.ts'

export const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J'
/** Undoes all that a frame may have begun, in an order that leaves the main screen as it was. */
export const LEAVE = '\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l'

const BEGIN_UPDATE = '\x1b[?2026h'
const END_UPDATE = '\x1b[?2026l'
const LEAST_BETWEEN_FRAMES_MS = 250
// biome-ignore lint/suspicious/noControlCharactersInRegex: what it takes out
const COLOURS = /\x1b\[[\d;]*m/g

export interface ScreenOutput {
  write(text: string): boolean
  once(event: 'drain', listener: () => void): unknown
}

/** Lines as they are to be seen, top to bottom, and the columns there are. */
export interface Painted {
  readonly lines: readonly string[]
  readonly width: number
}

/**
 * Writes what changed, a line at a time, each frame in one write: four frames a second at most, and none while the terminal
 * has not taken the one before. A frame is made when it is due, so it is never older than what it shows.
 */
export class Screen {
  readonly #output: ScreenOutput
  readonly #clock: Clock
  readonly #frame: () => Painted
  #shown: readonly string[] = []
  #width = 0
  #drawnAt = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #blocked = false
  #wanted = false
  #open = false

  constructor(output: ScreenOutput, clock: Clock, frame: () => Painted) {
    this.#output = output
    this.#clock = clock
    this.#frame = frame
  }

  /** From now on there is a screen, and nothing on it. */
  open(): void {
    this.#open = true
    this.#shown = []
    this.#drawnAt = Number.NEGATIVE_INFINITY
    this.request()
  }

  close(): void {
    this.#open = false
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Draws everything anew, for a terminal that was resized or written over. */
  redraw(): void {
    this.#width = 0
    this.request()
  }

  request(): void {
    this.#wanted = true
    if (!this.#open || this.#blocked || this.#timer !== undefined) return
    const dueIn = this.#drawnAt + LEAST_BETWEEN_FRAMES_MS - this.#clock.monotonic()
    if (dueIn <= 0) {
      this.#draw()
      return
    }
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined
      this.#draw()
    }, dueIn)
  }

  #draw(): void {
    this.#wanted = false
    this.#drawnAt = this.#clock.monotonic()
    const { lines, width } = this.#frame()
    const anew = width !== this.#width || lines.length !== this.#shown.length
    let changes = anew ? '\x1b[2J' : ''
    for (const [row, text] of lines.entries()) {
      if (anew ? text !== '' : text !== this.#shown[row]) changes += `\x1b[${row + 1};1H${text}${toEndOfLine(text, width, anew)}`
    }
    this.#shown = lines
    this.#width = width
    if (changes === '') return
    if (this.#output.write(`${BEGIN_UPDATE}${changes}${END_UPDATE}`)) return
    this.#blocked = true
    this.#output.once('drain', () => {
      this.#blocked = false
      if (this.#wanted) this.request()
    })
  }
}

/** After a line of full width the cursor stands on its last letter, which this would take away. */
function toEndOfLine(text: string, width: number, isBlank: boolean): string {
  return isBlank || widthOf(text.replace(COLOURS, '')) >= width ? '' : '\x1b[K'
}
