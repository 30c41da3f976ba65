import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type InterceptorContext, KafkaError } from 'sluice'
import type { MonitorReport } from './report/report.ts'

/** Takes reports to a collector. */
export interface MonitorTransport {
  /** Resolves when the report has arrived. Rejects when it has not; the transport itself tells the log why, and not too often. */
  send(report: MonitorReport): Promise<void>
  /** Once, after the last `send`. */
  close(): Promise<void>
}

const compress = promisify(gzip)
const TIMEOUT_MS = 10_000
const WARNING_INTERVAL_MS = 60_000

/** Tells the log about a transport that fails: at once, then at most once a minute. */
export class TransportWarnings {
  readonly #context: InterceptorContext
  #againAt = Number.NEGATIVE_INFINITY

  constructor(context: InterceptorContext) {
    this.#context = context
  }

  tell(message: string, error: unknown): void {
    const { clock, logger } = this.#context
    const now = clock.monotonic()
    if (now < this.#againAt) return
    this.#againAt = now + WARNING_INTERVAL_MS
    logger.warn(message, { error })
  }
}

/** POSTs reports to a collector's `/api/v1/reports`. */
export class HttpTransport implements MonitorTransport {
  readonly #url: string
  readonly #token: string | undefined
  readonly #warnings: TransportWarnings
  readonly #closing = new AbortController()

  constructor(url: string, token: string | undefined, context: InterceptorContext) {
    this.#url = new URL('/api/v1/reports', url).href
    this.#token = token
    this.#warnings = new TransportWarnings(context)
  }

  async send(report: MonitorReport): Promise<void> {
    const headers: Record<string, string> = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    if (this.#token !== undefined) headers.authorization = `Bearer ${this.#token}`
    try {
      const body = await compress(JSON.stringify(report))
      const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#closing.signal])
      const response = await fetch(this.#url, { method: 'POST', headers, body: new Uint8Array(body), signal })
      // The body is read to its end, so that the connection can be used again.
      await response.arrayBuffer()
      if (!response.ok) throw new KafkaError('NETWORK', `the collector answered ${response.status}`)
    } catch (error) {
      this.#warnings.tell(`the monitor's collector at ${new URL(this.#url).host} takes no reports; the application is not affected`, error)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
  }
}

/** Hands reports to a function: a collector in the same process, or a test. */
export class FunctionTransport implements MonitorTransport {
  readonly #take: (report: MonitorReport) => unknown
  readonly #warnings: TransportWarnings

  constructor(take: (report: MonitorReport) => unknown, context: InterceptorContext) {
    this.#take = take
    this.#warnings = new TransportWarnings(context)
  }

  async send(report: MonitorReport): Promise<void> {
    try {
      await this.#take(report)
    } catch (error) {
      this.#warnings.tell('the function that takes monitor reports failed; the application is not affected', error)
      throw error
    }
  }

  async close(): Promise<void> {}
}
