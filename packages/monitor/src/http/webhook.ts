import type { Logger } from 'sluice'
import type { AlertRow } from '../api-types.ts'

export interface WebhookOptions {
  readonly url: string
  /** Such as an authorization. @default none */
  readonly headers?: Readonly<Record<string, string>>
}

const TIMEOUT_MS = 10_000
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 60_000
const MAX_ATTEMPTS = 12
const MAX_WAITING = 1000

/** What a webhook gets: an alert when it begins and when it ends. `id` is the same for both, and for what is sent again. */
export interface WebhookMessage {
  readonly event: 'alert.begins' | 'alert.ends'
  readonly alert: AlertRow
}

/** Posts alerts in order, each until it is taken or has been tried twelve times over some minutes. */
export class Webhook {
  readonly #options: WebhookOptions
  readonly #logger: Logger
  readonly #firstBackoffMs: number
  readonly #closing = new AbortController()
  readonly #waiting: WebhookMessage[] = []
  #running: Promise<void> | undefined

  constructor(options: WebhookOptions, logger: Logger, firstBackoffMs: number = FIRST_BACKOFF_MS) {
    this.#options = options
    this.#logger = logger
    this.#firstBackoffMs = firstBackoffMs
  }

  send(alert: AlertRow): void {
    if (this.#closing.signal.aborted) return
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift()
      this.#logger.warn('the webhook is too slow: the oldest alert is not sent', { waiting: MAX_WAITING })
    }
    this.#waiting.push({ event: alert.until === null ? 'alert.begins' : 'alert.ends', alert })
    this.#running ??= this.#run()
  }

  /** Waits for what is waiting, at most so long. */
  async close(timeoutMs = 1000): Promise<void> {
    const timer = setTimeout(() => this.#closing.abort(), timeoutMs)
    await this.#running
    clearTimeout(timer)
    this.#closing.abort()
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#closing.signal.aborted) await this.#deliver(this.#waiting.shift()!)
    this.#running = undefined
  }

  async #deliver(message: WebhookMessage): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#post(message)
      if (outcome === 'taken' || this.#closing.signal.aborted) return
      if (outcome === 'refused' || attempt === MAX_ATTEMPTS) {
        this.#logger.error('the webhook did not take an alert', { rule: message.alert.rule, attempts: attempt })
        return
      }
      const most = Math.min(MAX_BACKOFF_MS, this.#firstBackoffMs * 2 ** (attempt - 1))
      await this.#pause(most / 2 + (Math.random() * most) / 2)
    }
  }

  /** 4xx will not get better by itself, but for 408, 425 and 429. */
  async #post(message: WebhookMessage): Promise<'taken' | 'refused' | 'failed'> {
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#closing.signal])
      const headers = { ...this.#options.headers, 'content-type': 'application/json' }
      const response = await fetch(this.#options.url, { method: 'POST', headers, body: JSON.stringify(message), signal, redirect: 'error' })
      await response.arrayBuffer()
      if (response.ok) return 'taken'
      return response.status >= 400 && response.status < 500 && ![408, 425, 429].includes(response.status) ? 'refused' : 'failed'
    } catch {
      return 'failed'
    }
  }

  #pause(delayMs: number): Promise<void> {
    const { signal } = this.#closing
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, delayMs)
      signal.addEventListener('abort', end)
    })
  }
}
