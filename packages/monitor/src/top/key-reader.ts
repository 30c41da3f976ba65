import type { Clock, Timer } from 'sluice'
import { decodeKeys } from './keys.ts'

/** Over a slow line the rest of a sequence comes a little later; a person presses nothing so fast. */
const REST_OF_SEQUENCE_MS = 50
// biome-ignore lint/suspicious/noControlCharactersInRegex: begins what keyboards send
const UNFINISHED = /\x1b(?:\[[0-?]*|O)?$/

/** Keys of a keyboard that may send an escape sequence in several pieces. */
export class KeyReader {
  readonly #clock: Clock
  readonly #onKey: (key: string) => void
  #held = ''
  #timer: Timer | undefined

  constructor(clock: Clock, onKey: (key: string) => void) {
    this.#clock = clock
    this.#onKey = onKey
  }

  push(text: string): void {
    this.#timer?.cancel()
    const all = this.#held + text
    this.#held = UNFINISHED.exec(all)?.[0] ?? ''
    if (this.#held !== '') this.#timer = this.#clock.setTimer(() => this.#flush(), REST_OF_SEQUENCE_MS)
    this.#tell(all.slice(0, all.length - this.#held.length))
  }

  close(): void {
    this.#timer?.cancel()
    this.#held = ''
  }

  #flush(): void {
    const held = this.#held
    this.#held = ''
    this.#tell(held)
  }

  #tell(text: string): void {
    for (const key of decodeKeys(text)) this.#onKey(key)
  }
}
