import type { Headers, InterceptorContext, Logger } from 'sluice'
import type { LogLevel } from './log-events.ts'

/** Fields first, then the message: pino, bunyan, and what else is like them. */
export interface StructuredLogger {
  info(fields: object, message: string): void
  /** Without it such lines go to `info`. */
  trace?(fields: object, message: string): void
  debug?(fields: object, message: string): void
  warn?(fields: object, message: string): void
  error?(fields: object, message: string): void
}

/** Writes lines, and harms nobody when the logger behind it throws. */
export class LineWriter {
  readonly #target: StructuredLogger | undefined
  #client: Logger | undefined
  #hasFailed = false

  constructor(target: StructuredLogger | undefined) {
    this.#target = target
  }

  configure({ logger }: InterceptorContext): void {
    this.#client = logger
  }

  write(level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string): void {
    if (level === 'off') return
    try {
      if (this.#target !== undefined) {
        if (this.#target[level] === undefined) this.#target.info(fields, message)
        else this.#target[level](fields, message)
      } else this.#client?.[level === 'trace' ? 'debug' : level](message, fields)
    } catch {
      if (this.#hasFailed || this.#target === undefined) return
      this.#hasFailed = true
      this.#client?.warn('logger: the logger that it was given threw; this is told once')
    }
  }
}

/** What may be told of an error. The message of a SyntaxError is left out: JSON.parse quotes the data in it. */
export function errorFields(error: unknown): { readonly name: string; readonly code?: string; readonly message?: string } {
  if (!(error instanceof Error)) return { name: typeof error }
  const { code } = error as { readonly code?: unknown }
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error instanceof SyntaxError ? {} : { message: error.message }),
  }
}

export const REDACTED = '[redacted]'
const MAX_TEXT = 256
const MAX_HEADERS = 50

/** Headers as text by name; the last one counts, as with `get`. Beyond so many it is only told how many more there are. */
export function headerFields(headers: Headers, redacted: ReadonlySet<string>): Record<string, string | null> {
  const fields: [string, string | null][] = []
  for (const { key, value } of headers) {
    if (fields.length === MAX_HEADERS) {
      fields.push(['...', `${headers.size - MAX_HEADERS} more`])
      break
    }
    fields.push([key.slice(0, MAX_TEXT), redacted.has(key.toLowerCase()) ? REDACTED : textOf(value)])
  }
  return Object.fromEntries(fields)
}

/** Long ones are cut. */
export function textOf(data: unknown): string | null {
  if (data === null || data === undefined) return null
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, MAX_TEXT)).toString('utf8')
  if (typeof data === 'object') return (JSON.stringify(data) ?? '').slice(0, MAX_TEXT)
  return String(data).slice(0, MAX_TEXT)
}
