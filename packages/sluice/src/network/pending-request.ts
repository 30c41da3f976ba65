import type { Api } from '@sluice/protocol'
import { KafkaError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { RequestCallback } from './kafka-client.ts'

/** One request on a connection: answered, failed or abandoned once, and released once. */
export class PendingRequest {
  readonly api: Api<any, any>
  readonly version: number
  correlationId = -1
  expectResponse = true
  /** The callback takes the frame as it came. */
  raw = false
  deadline = 0
  /** Monotonic; when its bytes were given to the socket. */
  sentAt = 0
  /** When it was settled without its response; its slot waits for that. */
  settledAt = 0
  /** The socket has taken all of its bytes. */
  written = false
  #callback: RequestCallback<any> | null
  #onReleased: (() => void) | null
  #stopListening: (() => void) | null = null

  constructor(api: Api<any, any>, version: number, callback: RequestCallback<any>, onReleased: (() => void) | null) {
    this.api = api
    this.version = version
    this.#callback = callback
    this.#onReleased = onReleased
  }

  get settled(): boolean {
    return this.#callback === null
  }

  abortOn(signal: AbortSignal, onAbort: (error: KafkaError) => void): void {
    const listener = () => onAbort(new KafkaError('ABORTED', `the ${this.api.name} request was aborted`, { cause: signal.reason }))
    signal.addEventListener('abort', listener, { once: true })
    this.#stopListening = () => signal.removeEventListener('abort', listener)
  }

  /** Runs the callback unless it ran before. A throw in it is the caller's bug and must not take the connection down. */
  settle(error: KafkaError | null, response: unknown, logger: Logger): void {
    const callback = this.#callback
    if (callback === null) return
    this.#callback = null
    this.#stopListening?.()
    this.#stopListening = null
    try {
      callback(error, response, this.version)
    } catch (thrown) {
      logger.error('a request callback threw', { api: this.api.name, error: thrown })
    }
  }

  /** Says once that nothing references the bytes any more. */
  release(): void {
    const onReleased = this.#onReleased
    this.#onReleased = null
    onReleased?.()
  }
}
