import type { Api } from '@sluice/protocol'
import type { Clock, Timer } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { RequestCallback } from './kafka-client.ts'

export interface WaitingRequestOptions<P> {
  readonly api: Api<any, P>
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
  readonly resolve: (response: P) => void
  readonly reject: (error: KafkaError) => void
  /** Hands the request to a connection that has room. */
  readonly send: (leftMs: number, callback: RequestCallback<P>) => void
  /** It waits no more: sent, or failed. */
  readonly done: (waiting: WaitingRequest<P>) => void
}

/** A call of `request()` until its connection is ready and has room. */
export class WaitingRequest<P> {
  settled = false
  readonly #options: WaitingRequestOptions<P>
  readonly #deadline: number
  readonly #onAbort: () => void
  #timer: Timer | null = null

  constructor(options: WaitingRequestOptions<P>) {
    const { api, clock, signal, timeoutMs } = options
    this.#options = options
    this.#deadline = clock.monotonic() + timeoutMs
    this.#onAbort = () => this.fail(new KafkaError('ABORTED', `the ${api.name} request was aborted`, { cause: signal?.reason }))
    if (signal?.aborted) {
      this.#onAbort()
      return
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#timer = clock.setTimer(() => {
      const message = `no connection with room for the ${api.name} request within ${Math.round(timeoutMs)} ms`
      this.fail(new KafkaError('TIMEOUT', message, { retriable: true }))
    }, timeoutMs)
  }

  send(): void {
    if (!this.#stopWaiting()) return
    const { clock, resolve, reject, send } = this.#options
    send(Math.max(1, this.#deadline - clock.monotonic()), (error, response) => {
      if (error !== null) reject(error)
      else resolve(response as P)
    })
  }

  fail(error: KafkaError): void {
    if (this.#stopWaiting()) this.#options.reject(error)
  }

  #stopWaiting(): boolean {
    if (this.settled) return false
    this.settled = true
    this.#timer?.cancel()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#options.done(this)
    return true
  }
}
