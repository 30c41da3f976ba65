import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { printable } from './text.ts'

const MAX_ANSWER_BYTES = 64 * 1024 * 1024
const MAX_SAID = 300

/** A sentence for the user: why there is no answer. */
export class CollectorError extends Error {
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CollectorError'
    this.status = status
  }
}

export interface CollectorClientOptions {
  readonly url: URL
  readonly token: string | undefined
  readonly timeoutMs: number
}

/** Asks the collector's HTTP API. Every failure is a CollectorError. */
export class CollectorClient {
  readonly #options: CollectorClientOptions

  constructor(options: CollectorClientOptions) {
    this.#options = options
  }

  /** As it is shown: without what may be secret in it. */
  get source(): string {
    const { protocol, host, pathname } = this.#options.url
    return `${protocol}//${host}${pathname.replace(/\/$/, '')}`
  }

  /** `path` comes after /api/v1/ and is encoded already. `field` is one that the answer has when it is a collector's. */
  async get<T>(path: string, field: string, signal: AbortSignal): Promise<T> {
    const { timeoutMs } = this.#options
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    try {
      const response = await this.#request(path, 'application/json', limit)
      const text = await bodyOf(response)
      if (response.statusCode !== 200) throw this.#refused(response.statusCode!, text)
      return this.#parsed<T>(text, field)
    } catch (error) {
      throw this.#explained(error)
    }
  }

  /** The server-sent events until one side ends it; resolves when the stream ends, and throws when there is none. */
  async events(onEvent: (name: string) => void, idleMs: number, signal: AbortSignal): Promise<void> {
    try {
      const response = await this.#request('events', 'text/event-stream', signal)
      if (response.statusCode !== 200 || !response.headers['content-type']?.startsWith('text/event-stream')) {
        response.destroy()
        throw this.#refused(response.statusCode!, '')
      }
      response.socket.setTimeout(idleMs, () => response.destroy())
      response.setEncoding('utf8')
      let rest = ''
      for await (const chunk of response) {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop()!
        if (rest.length > MAX_ANSWER_BYTES) throw new CollectorError('an event does not end')
        for (const block of blocks) {
          const name = /^event: ?(.*)$/m.exec(block)?.[1]
          if (name !== undefined) onEvent(name)
        }
      }
    } catch (error) {
      throw this.#explained(error)
    }
  }

  #request(path: string, accept: string, signal: AbortSignal): Promise<IncomingMessage> {
    const { url, token } = this.#options
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const request = send(
        {
          protocol: url.protocol,
          hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
          port: url.port,
          path: `${url.pathname.replace(/\/$/, '')}/api/v1/${path}`,
          headers: { accept, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
          signal,
        },
        resolve,
      )
      request.on('error', reject)
      request.end()
    })
  }

  #parsed<T>(text: string, field: string): T {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      throw this.#notACollector()
    }
    if (typeof value !== 'object' || value === null || !(field in value)) throw this.#notACollector()
    return value as T
  }

  #notACollector(): CollectorError {
    return new CollectorError(`what answers at ${this.source} is not a collector of the stream monitor`)
  }

  #refused(status: number, text: string): CollectorError {
    if (status === 401) {
      const why = this.#options.token === undefined ? 'wants a token: give --token, or SLUICE_MONITOR_TOKEN' : 'does not take this token'
      return new CollectorError(`the collector at ${this.source} ${why}`, status)
    }
    return new CollectorError(`${this.source} answered ${status}${saidBy(text)}`, status)
  }

  #explained(error: unknown): CollectorError {
    if (error instanceof CollectorError) return error
    const { code, name, message, cause } = error as NodeJS.ErrnoException
    if (code === 'ECONNREFUSED') return new CollectorError(`no collector answers at ${this.source}`, undefined, { cause: error })
    if (name === 'TimeoutError' || (cause as Error | undefined)?.name === 'TimeoutError') {
      return new CollectorError(`the collector at ${this.source} did not answer within ${this.#options.timeoutMs / 1000} s`, undefined, {
        cause: error,
      })
    }
    return new CollectorError(`no answer from ${this.source}: ${message}`, undefined, { cause: error })
  }
}

/** The sentence in the collector's answer, if it is one: what else answers may say anything. */
function saidBy(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown }
    return typeof error === 'string' ? `: ${printable(error.slice(0, MAX_SAID), false)}` : ''
  } catch {
    return ''
  }
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) {
    text += chunk
    if (text.length > MAX_ANSWER_BYTES) throw new CollectorError(`an answer is longer than ${MAX_ANSWER_BYTES / 1024 / 1024} MiB`)
  }
  return text
}
