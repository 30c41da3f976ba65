import type { ServerResponse } from 'node:http'
import type { AlertRow, EventMessages } from '../api-types.ts'

const HEARTBEAT_MS = 15_000
const REVISION_EVERY_MS = 1000
const MAX_LISTENERS = 256
/** A browser that reads no more is let go; it connects again and asks for what it shows. */
const MAX_UNREAD_BYTES = 1024 * 1024

/** Server-sent events to every open page: `hello` to each, then what changed. */
export class EventStream {
  readonly #listeners = new Set<ServerResponse>()
  readonly #current: () => { readonly revision: number; readonly now: number }
  readonly #timers: NodeJS.Timeout[]
  #told = -1
  #closed = false

  constructor(current: () => { readonly revision: number; readonly now: number }) {
    this.#current = current
    this.#timers = [
      setInterval(() => this.#tellRevision(), REVISION_EVERY_MS),
      setInterval(() => this.#toAll(': still here\n\n'), HEARTBEAT_MS),
    ]
    for (const timer of this.#timers) timer.unref()
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** False when there are too many already. The answer stays open until one side closes it. */
  open(response: ServerResponse): boolean {
    if (this.#closed || this.#listeners.size >= MAX_LISTENERS) return false
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    response.write('retry: 2000\n\n')
    const current = this.#current()
    response.write(message('hello', current, current.revision))
    this.#listeners.add(response)
    response.on('close', () => this.#listeners.delete(response))
    return true
  }

  alert(row: AlertRow): void {
    this.#toAll(message('alert', row, this.#current().revision))
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers) clearInterval(timer)
    for (const response of this.#listeners) response.end()
    this.#listeners.clear()
  }

  #tellRevision(): void {
    const current = this.#current()
    if (current.revision === this.#told) return
    this.#told = current.revision
    this.#toAll(message('revision', current, current.revision))
  }

  #toAll(text: string): void {
    for (const response of this.#listeners) {
      if (response.writableLength > MAX_UNREAD_BYTES) response.destroy()
      else response.write(text)
    }
  }
}

function message<K extends keyof EventMessages>(event: K, data: EventMessages[K], id: number): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
