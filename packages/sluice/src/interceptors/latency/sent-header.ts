import type { Headers } from 'sluice'

/** Milliseconds since 1970 as decimal text; records of one millisecond share the bytes. */
export class SentHeader {
  readonly #name: string
  #ms = -1
  #bytes: Buffer = Buffer.alloc(0)

  constructor(name: string) {
    this.#name = name
  }

  /** A record that passes again, from a dead-letter topic or a retry, keeps the time of its first send. */
  write(headers: Headers, now: number): void {
    if (headers.has(this.#name)) return
    const ms = Math.round(now)
    if (ms !== this.#ms) {
      this.#ms = ms
      this.#bytes = Buffer.from(String(ms))
    }
    headers.set(this.#name, this.#bytes)
  }

  /** NaN when there is none, or none that is a time. */
  read(headers: Headers): number {
    const bytes = headers.get(this.#name)
    if (bytes == null || bytes.length === 0 || bytes.length > 16) return Number.NaN
    let ms = 0
    for (const byte of bytes) {
      if (byte < 0x30 || byte > 0x39) return Number.NaN
      ms = ms * 10 + byte - 0x30
    }
    return ms
  }
}
