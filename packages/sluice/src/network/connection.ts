import type { Socket } from 'node:net'
import { type Api, decodeResponse, encodeRequest, FrameSplitter, ProtocolError, type Writable } from '@sluice/protocol'
import { apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import type { Clock, Timer } from '../clock.ts'
import { isKafkaError, KafkaError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { NetworkMetrics } from '../metrics/network-metrics.ts'
import { type ApiVersions, negotiateApiVersions } from './api-versions.ts'
import type { SaslOptions, SslOptions } from './client-network-options.ts'
import { InFlightRequests } from './in-flight-requests.ts'
import type { RequestCallback, RequestOptions } from './kafka-client.ts'
import { PendingRequest } from './pending-request.ts'
import { authenticate, type SaslExchange } from './sasl/index.ts'
import { foreignProtocol, openSocket, socketError } from './tls.ts'

/** Ids above are Java's for SASL; staying below keeps broker logs readable. */
const MAX_CORRELATION_ID = 0x7fffffff - 8

export interface ConnectionOptions {
  readonly host: string
  readonly port: number
  readonly address: string
  readonly clientId: string
  /** Null for plaintext. */
  readonly ssl: SslOptions | null
  /** Null for none. */
  readonly sasl: SaslOptions | null
  readonly setupTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly connectionsMaxIdleMs: number
  readonly maxInFlightRequests: number
  readonly maxResponseBytes: number
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  readonly metrics?: NetworkMetrics
}

export type ConnectionState = 'connecting' | 'checking_api_versions' | 'authenticating' | 'ready' | 'closed'

export interface ConnectionListener {
  /** The connection reached the state; never called with 'closed'. */
  onState(connection: Connection, state: ConnectionState): void
  /** Called once, before the requests in flight fail. */
  onClosed(connection: Connection, error: KafkaError): void
  /** A request completed or left for the socket, or all failed: another may be sent. */
  onRoom(connection: Connection): void
  /** A request got no answer in time. */
  onTimeout(connection: Connection): void
  /** A response said how long the broker wants to see no requests; 0 is not told. */
  onThrottle(connection: Connection, apiKey: number, version: number, throttleTimeMs: number): void
}

/**
 * One socket to one broker: TCP or TLS, then ApiVersions, then SASL, then requests, pipelined. Responses are matched in
 * order. A request that times out fails alone; its slot stays until its response comes and is dropped.
 */
export class Connection {
  state: ConnectionState = 'connecting'
  readonly where: string
  /** Closed by this side on purpose: asked for, or idle. */
  closedHere = false
  /** The broker has answered something after the setup. */
  served = false
  readonly #options: ConnectionOptions
  readonly #listener: ConnectionListener
  readonly #clock: Clock
  readonly #socket: Socket
  readonly #frames: FrameSplitter
  readonly #inFlight: InFlightRequests<PendingRequest>
  /** Failed while libuv may still hold their bytes; given back on the socket's 'close'. */
  readonly #unreleased = new Set<PendingRequest>()
  readonly #openedAt: number
  #apiVersions: ApiVersions | null = null
  #nextCorrelationId = 0
  #opened = false
  #sawBytes = false
  #socketError: Error | null = null
  #lastReadAt: number
  #lastActiveAt: number
  #reauthenticateAt = Number.POSITIVE_INFINITY
  #reauthenticating = false
  /** A provider of credentials may never answer, and then nothing else would be due. */
  #authenticatedBy = Number.POSITIVE_INFINITY
  #timer: Timer | null = null
  #timerAt = Number.POSITIVE_INFINITY
  readonly #closed: Promise<void>

  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    this.#options = options
    this.#listener = listener
    this.#clock = options.clock
    this.where = `${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`
    this.#openedAt = this.#lastReadAt = this.#lastActiveAt = this.#clock.monotonic()
    this.#inFlight = new InFlightRequests(options.maxInFlightRequests)
    this.#frames = new FrameSplitter(options.maxResponseBytes, (frame) => this.#onFrame(frame))
    this.#socket = openSocket(
      options,
      () => this.#onOpen(),
      (bytes) => this.#onBytes(bytes),
    )
    this.#socket.on('error', (error) => {
      this.#socketError = error
      this.#fail(socketError(error, this.where, options.ssl !== null, this.#opened))
    })
    this.#socket.on('end', () => this.#onEnd())
    this.#closed = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.#onEnd()
        for (const request of this.#unreleased) request.release()
        this.#unreleased.clear()
        resolve()
      })
    })
    this.#arm(this.#openedAt + options.setupTimeoutMs)
  }

  get inFlightRequestCount(): number {
    return this.#inFlight.count
  }

  get apiVersions(): ApiVersions | null {
    return this.#apiVersions
  }

  canSendRequest(): boolean {
    return this.state === 'ready' && !this.#reauthenticating && this.#inFlight.canSendMore()
  }

  /** See `KafkaClient.send`. The callback never runs before this returns. */
  send<Q, P>(
    api: Api<Q, P>,
    message: Writable<Q> | ((version: number) => Writable<Q>),
    options: RequestOptions,
    callback: RequestCallback<P>,
    onReleased?: () => void,
  ): void {
    const version = this.#apiVersions?.usable(api, options.minVersion, options.maxVersion)
    const request = new PendingRequest(api, version ?? -1, callback, onReleased ?? null)
    if (this.state === 'closed') {
      this.#refuse(request, this.#closedError())
      return
    }
    if (version === undefined) {
      this.#refuse(
        request,
        this.#apiVersions?.unsupported(api, this.where) ?? new KafkaError('ILLEGAL_STATE', `${this.where} is not ready`),
      )
      return
    }
    if (options.signal?.aborted) {
      this.#refuse(request, new KafkaError('ABORTED', `the ${api.name} request was aborted`, { cause: options.signal.reason }))
      return
    }
    let chunks: Buffer[]
    try {
      const body = typeof message === 'function' ? (message as (version: number) => Writable<Q>)(version) : message
      chunks = encodeRequest(api, version, this.#correlationId(request), this.#options.clientId, body)
    } catch (cause) {
      const code = cause instanceof ProtocolError && cause.code === 'UNSUPPORTED_VERSION' ? 'UNSUPPORTED_VERSION' : 'INVALID_ARGUMENT'
      this.#refuse(
        request,
        new KafkaError(code, `the ${api.name} request (version ${version}) cannot be written: ${(cause as Error).message}`, { cause }),
      )
      return
    }
    request.expectResponse = options.expectResponse ?? true
    if (options.signal) request.abortOn(options.signal, (error) => this.#abandon(request, error))
    this.#write(request, chunks, options.timeoutMs ?? this.#options.requestTimeoutMs)
  }

  /** Closes the socket; requests in flight fail with `error`. Resolves when the socket is gone. */
  close(error: KafkaError): Promise<void> {
    this.closedHere = true
    this.#fail(error)
    return this.#closed
  }

  /** Pushes the deadlines of what is in flight by the time that the broker pauses this connection; one response cannot push them by days. */
  excludeThrottleTime(throttleTimeMs: number): void {
    const pushMs = Math.min(throttleTimeMs, this.#options.requestTimeoutMs)
    for (const request of this.#inFlight) request.deadline += pushMs
  }

  #correlationId(request: PendingRequest): number {
    request.correlationId = this.#nextCorrelationId
    this.#nextCorrelationId = this.#nextCorrelationId === MAX_CORRELATION_ID ? 0 : this.#nextCorrelationId + 1
    return request.correlationId
  }

  #refuse(request: PendingRequest, error: KafkaError): void {
    queueMicrotask(() => {
      request.settle(error, undefined, this.#options.logger)
      request.release()
    })
  }

  #write(request: PendingRequest, chunks: Buffer[], timeoutMs: number): void {
    const now = this.#clock.monotonic()
    request.sentAt = now
    request.deadline = now + timeoutMs
    this.#lastActiveAt = now
    this.#inFlight.add(request)
    this.#arm(request.deadline)
    const socket = this.#socket
    const last = chunks.length - 1
    let bytes = chunks[last]!.length
    socket.cork()
    for (let i = 0; i < last; i++) {
      bytes += chunks[i]!.length
      socket.write(chunks[i]!)
    }
    // The callbacks of one connection run in send order, and one with an error comes with 'close'.
    socket.write(chunks[last]!, (error) => {
      if (!error) this.#onWritten(request)
    })
    socket.uncork()
    this.#options.metrics?.requestSent(bytes, now)
  }

  #onWritten(request: PendingRequest): void {
    request.written = true
    if (request.settled) this.#release(request)
    if (!request.expectResponse && this.#inFlight.complete(request)) {
      request.settle(null, undefined, this.#options.logger)
      this.#release(request)
    }
    if (this.state === 'ready') this.#listener.onRoom(this)
  }

  #release(request: PendingRequest): void {
    this.#unreleased.delete(request)
    request.release()
  }

  /** Settles a request that stays in the pipeline, so that later responses still match. */
  #abandon(request: PendingRequest, error: KafkaError): void {
    if (request.settled) return
    request.settledAt = this.#clock.monotonic()
    request.settle(error, undefined, this.#options.logger)
    if (request.written) this.#release(request)
    else this.#unreleased.add(request)
    this.#arm(request.settledAt + this.#options.requestTimeoutMs)
  }

  #onOpen(): void {
    if (this.state !== 'connecting') return
    this.#opened = true
    if (this.#options.metrics !== undefined) this.#options.metrics.connections++
    this.#setUpSession().catch((error) => {
      // For those who wait, a broker that accepts and then says nothing is as good as one that cannot be reached.
      if (isKafkaError(error))
        this.#fail(error.code === 'TIMEOUT' ? new KafkaError('NETWORK', error.message, { cause: error, retriable: true }) : error)
      else this.#fail(this.#corrupt('an answer during connection setup cannot be read', error))
    })
  }

  async #setUpSession(): Promise<void> {
    this.#enter('checking_api_versions')
    this.#apiVersions = await negotiateApiVersions((version, message) => this.#exchangeFrame(apiVersionsApi, version, message))
    this.#onThrottleTime(apiVersionsApi.key, this.#apiVersions.version, this.#apiVersions.throttleTimeMs)
    if (this.#options.sasl !== null) {
      this.#enter('authenticating')
      await this.#authenticate(this.#options.sasl)
    }
    this.#enter('ready')
  }

  #enter(state: ConnectionState): void {
    if (this.state === 'closed') throw this.#closedError()
    this.state = state
    this.#listener.onState(this, state)
  }

  async #authenticate(sasl: SaslOptions): Promise<void> {
    const exchange: SaslExchange = async (api, message, minVersion) => {
      const version = this.#apiVersions!.usable(api, minVersion)
      if (version === undefined) throw this.#apiVersions!.unsupported(api, this.where)
      const frame = await this.#exchangeFrame(api, version, message)
      return decodeResponse(api, version, frame)
    }
    this.#authenticatedBy = this.#clock.monotonic() + this.#options.requestTimeoutMs
    this.#arm(this.#authenticatedBy)
    const { sessionLifetimeMs } = await authenticate(sasl, exchange, this.where)
    this.#authenticatedBy = Number.POSITIVE_INFINITY
    if (sessionLifetimeMs > 0) {
      // 85 to 95 %, so that the connections of a fleet do not all come at once (KIP-368).
      this.#reauthenticateAt = this.#clock.monotonic() + sessionLifetimeMs * (0.85 + 0.1 * this.#options.random())
      this.#arm(this.#reauthenticateAt)
    }
  }

  /** A broker closes the connection on any other request between handshake and success; those in flight before are fine. */
  #reauthenticate(): void {
    this.#reauthenticateAt = Number.POSITIVE_INFINITY
    this.#reauthenticating = true
    this.#authenticate(this.#options.sasl!).then(
      () => {
        this.#reauthenticating = false
        if (this.state === 'ready') this.#listener.onRoom(this)
      },
      (error) => this.#fail(isKafkaError(error) ? error : this.#corrupt('an answer during re-authentication cannot be read', error)),
    )
  }

  #exchangeFrame<Q>(api: Api<Q, any>, version: number, message: Writable<Q>): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.state === 'closed') {
        reject(this.#closedError())
        return
      }
      const request = new PendingRequest(api, version, (error, frame) => (error ? reject(error) : resolve(frame)), null)
      request.raw = true
      const chunks = encodeRequest(api, version, this.#correlationId(request), this.#options.clientId, message)
      this.#write(request, chunks, this.#options.requestTimeoutMs)
    })
  }

  #onBytes(bytes: Buffer): void {
    if (this.state === 'closed') return
    this.#lastReadAt = this.#lastActiveAt = this.#clock.monotonic()
    this.#options.metrics?.bytesReceived(bytes.length, this.#lastReadAt)
    if (!this.#sawBytes) {
      this.#sawBytes = true
      const foreign = foreignProtocol(bytes, this.where)
      if (foreign !== null) {
        this.#fail(foreign)
        return
      }
    }
    try {
      this.#frames.push(bytes)
    } catch (error) {
      this.#fail(this.#corrupt('the response stream cannot be read', error))
    }
    if (this.state === 'ready') this.#listener.onRoom(this)
  }

  #onFrame(frame: Buffer): void {
    if ((this.state as ConnectionState) === 'closed') return
    // A request without a response whose write callback is still due: what comes now answers a later one.
    while (this.#inFlight.oldest?.expectResponse === false) {
      const silent = this.#inFlight.completeNext()
      silent.written = true
      silent.settle(null, undefined, this.#options.logger)
      this.#release(silent)
    }
    const request = this.#inFlight.oldest
    const correlationId = frame.length >= 4 ? frame.readInt32BE(0) : -1
    if (request === undefined || request.correlationId !== correlationId) {
      const expected = request === undefined ? 'none was expected' : `${request.correlationId} was expected`
      this.#fail(this.#corrupt(`a response with correlation id ${correlationId} arrived where ${expected}`))
      return
    }
    if (request.settled) {
      this.#inFlight.completeNext()
      this.#options.logger.debug('late response dropped', { broker: this.where, api: request.api.name, correlationId })
      return
    }
    let response: any
    try {
      response = request.raw ? frame : decodeResponse(request.api, request.version, frame)
    } catch (error) {
      this.#fail(this.#corrupt(`the ${request.api.name} response (version ${request.version}) cannot be read`, error))
      return
    }
    this.#inFlight.completeNext()
    if (!request.raw) this.served = true
    this.#options.metrics?.responseReceived(request.api.key, this.#lastReadAt - request.sentAt, this.#lastReadAt)
    if (!request.raw) this.#onThrottleTime(request.api.key, request.version, response.throttleTimeMs)
    request.settle(null, response, this.#options.logger)
    if (request.written) this.#release(request)
    else this.#unreleased.add(request)
  }

  #onThrottleTime(apiKey: number, version: number, throttleTimeMs: number): void {
    this.#options.metrics?.throttleTimeReceived(throttleTimeMs, this.#lastReadAt)
    if (throttleTimeMs > 0) this.#listener.onThrottle(this, apiKey, version, throttleTimeMs)
  }

  #corrupt(what: string, cause?: unknown): KafkaError {
    const detail = cause instanceof Error ? `: ${cause.message}` : ''
    return new KafkaError('CORRUPT', `${what} (broker ${this.where})${detail}`, { cause })
  }

  #onEnd(): void {
    if (this.state === 'closed') return
    const hints: Partial<Record<ConnectionState, string>> = {
      connecting: this.#options.ssl
        ? ' during the TLS handshake; if it always does, this is a plaintext listener (securityProtocol)'
        : ' before it was set up',
      checking_api_versions: ' during ApiVersions; if it always does, this may be a TLS listener (securityProtocol)',
      authenticating: ' during SASL authentication',
    }
    // A SASL listener answers ApiVersions to anybody, and hangs up on the request after that.
    const unserved = this.served ? '' : ' before it answered a request; if it always does, it may want SASL (securityProtocol)'
    const message = `${this.where} closed the connection${hints[this.state] ?? unserved}`
    this.#fail(new KafkaError('NETWORK', message, { cause: this.#socketError ?? undefined, retriable: true }))
  }

  #fail(error: KafkaError): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    if (this.#opened && this.#options.metrics !== undefined) this.#options.metrics.connections--
    this.#timer?.cancel()
    this.#timer = null
    this.#socket.destroy()
    this.#listener.onClosed(this, error)
    // What cannot be read concerns the oldest request; the others were only on the same connection.
    const lost =
      error.code === 'CORRUPT'
        ? new KafkaError('NETWORK', `the connection to ${this.where} was closed: ${error.message}`, { cause: error, retriable: true })
        : error
    let first = true
    for (const request of this.#inFlight.clearAll()) {
      if (request.written) {
        request.settle(first ? error : lost, undefined, this.#options.logger)
        request.release()
      } else {
        this.#unreleased.add(request)
        request.settle(first ? error : lost, undefined, this.#options.logger)
      }
      first = false
    }
    this.#listener.onRoom(this)
  }

  #arm(deadline: number): void {
    if (deadline >= this.#timerAt && this.#timer !== null) return
    if (deadline === Number.POSITIVE_INFINITY || this.state === 'closed') return
    this.#timer?.cancel()
    this.#timerAt = deadline
    this.#timer = this.#clock.setTimer(() => this.#onTimer(), Math.ceil(deadline - this.#clock.monotonic()), false)
  }

  /** The connection's only timer: whatever is due happens, and it is set for the next deadline. */
  #onTimer(): void {
    this.#timer = null
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.#clock.monotonic()
    const { setupTimeoutMs, requestTimeoutMs } = this.#options
    if (this.state === 'connecting') {
      const due = this.#openedAt + setupTimeoutMs
      if (now >= due) {
        const message = `cannot connect to ${this.where} within ${Math.round(setupTimeoutMs)} ms (socketConnectionSetupTimeoutMs)`
        this.#fail(new KafkaError('NETWORK', message, { retriable: true }))
      } else this.#arm(due)
      return
    }
    if (this.#authenticatedBy <= now) {
      const message = `authentication with ${this.where} was not over within ${this.#options.requestTimeoutMs} ms (requestTimeoutMs)`
      this.#fail(new KafkaError('NETWORK', message, { retriable: true }))
      return
    }
    this.#arm(this.#authenticatedBy)
    if (this.#reauthenticateAt <= now) this.#reauthenticate()
    else this.#arm(this.#reauthenticateAt)
    const oldest = this.#inFlight.oldest
    if (oldest === undefined) this.#checkIdle(now)
    else if (oldest.settled && now >= Math.max(oldest.settledAt, this.#lastReadAt) + requestTimeoutMs) {
      const message = `nothing came from ${this.where} for ${Math.round(now - this.#lastReadAt)} ms; the connection is given up`
      this.#fail(new KafkaError('NETWORK', message, { retriable: true }))
      return
    } else this.#checkTimeouts(now)
  }

  #checkIdle(now: number): void {
    const maxIdleMs = this.#options.connectionsMaxIdleMs
    if (maxIdleMs < 0) return
    if (now >= this.#lastActiveAt + maxIdleMs) {
      this.closedHere = true
      this.#fail(
        new KafkaError('NETWORK', `the connection to ${this.where} was idle for ${maxIdleMs} ms (connectionsMaxIdleMs)`, {
          retriable: true,
        }),
      )
    } else this.#arm(this.#lastActiveAt + maxIdleMs)
  }

  #checkTimeouts(now: number): void {
    let timedOut = false
    for (const request of [...this.#inFlight]) {
      if (request.settled) {
        this.#arm(Math.max(request.settledAt, this.#lastReadAt) + this.#options.requestTimeoutMs)
      } else if (request.deadline <= now) {
        timedOut = true
        const message = `${this.where} did not answer ${request.api.name} in time (requestTimeoutMs)`
        this.#abandon(request, new KafkaError('TIMEOUT', message, { retriable: true }))
      } else this.#arm(request.deadline)
    }
    if (timedOut && this.#isOpen()) this.#listener.onTimeout(this)
  }

  #closedError(): KafkaError {
    return new KafkaError('NETWORK', `the connection to ${this.where} was closed`, { retriable: true })
  }

  #isOpen(): boolean {
    return this.state !== 'closed'
  }
}
