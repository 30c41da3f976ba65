import type { Socket } from 'node:net'
import {
  decodeRequestHeader,
  encodeResponse,
  errorCodes,
  FrameSplitter,
  ProtocolError,
  Reader,
  type RequestHeader,
  type Writable,
} from '@sluice/protocol'
import { Authentication } from '../auth/authentication.ts'
import { DelayedResponses } from '../faults/delayed-responses.ts'
import { Interruption } from '../faults/interruption.ts'
import { firstError, type RequestRecord } from '../faults/journal.ts'
import { refuseApiVersions } from '../handlers/18-api-versions.ts'
import { type ApiHandler, noResponse, type RequestContext } from '../handlers/handler.ts'
import type { Cluster } from './cluster.ts'
import { ConnectionRefusal } from './connection-refusal.ts'
import type { BrokerNode } from './node.ts'
import type { Router } from './router.ts'

/** Kafka's socket.request.max.bytes. */
const MAX_REQUEST_BYTES = 100 * 1024 * 1024
/** Elements of all arrays of one request. Each may cost some hundred bytes and microseconds, and none may stop the host application. */
const MAX_REQUEST_ELEMENTS = 200_000
/** Kafka's connections.max.idle.ms. */
const MAX_IDLE_MS = 10 * 60 * 1000
/** The socket is not read while more than this waits to be handled. */
const MAX_QUEUED_REQUESTS = 8
const MAX_QUEUED_BYTES = 32 * 1024 * 1024

const API_VERSIONS = 18
/** What may be called before authentication: SaslHandshake, ApiVersions, SaslAuthenticate. */
const BEFORE_AUTHENTICATION: readonly number[] = [17, 18, 36]

/**
 * One client's connection. Like Kafka, it handles one request at a time, so that responses leave in the order of the
 * requests; those behind a waiting one (long poll, join) wait with it.
 */
export class Connection {
  readonly #cluster: Cluster
  readonly #node: BrokerNode
  readonly #router: Router
  readonly #socket: Socket
  readonly #authentication: Authentication
  readonly #clientHost: string
  readonly #abort: AbortController = new AbortController()
  readonly #splitter: FrameSplitter
  readonly #queue: Buffer[] = []
  #queuedBytes = 0
  /** The journal's entry of the request that is being handled. */
  #record: RequestRecord | null = null
  /** Answers under way on a slow network; null until there was one. */
  #delayed: DelayedResponses | null = null
  /** A handler's promise is pending. */
  #handling = false
  /** The socket has not taken the last response yet. */
  #draining = false
  /** The last response was a refusal: what still comes is not looked at. */
  #ending = false
  #paused = false
  #closed = false

  constructor(socket: Socket, node: BrokerNode, cluster: Cluster, router: Router) {
    this.#socket = socket
    this.#node = node
    this.#cluster = cluster
    this.#router = router
    this.#clientHost = `/${socket.remoteAddress ?? ''}`
    this.#authentication = new Authentication(cluster.credentials, cluster.clock)
    this.#splitter = new FrameSplitter(MAX_REQUEST_BYTES, (frame) => {
      this.#queue.push(frame)
      this.#queuedBytes += frame.length
    })
    socket.setNoDelay(true)
    socket.setTimeout(MAX_IDLE_MS, () => this.close())
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('error', () => this.close())
    socket.on('close', () => this.close())
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#queue.length = 0
    this.#queuedBytes = 0
    this.#record?.end('abandoned')
    this.#delayed?.clear()
    this.#socket.destroy()
    this.#abort.abort()
    this.#node.connectionClosed(this)
  }

  #receive(chunk: Buffer): void {
    if (this.#closed || this.#ending) return
    try {
      this.#splitter.push(chunk)
    } catch (error) {
      this.#refuse('sent bytes that are no request', error)
      return
    }
    this.#handleQueued()
  }

  #drained(): void {
    this.#draining = false
    this.#handleQueued()
  }

  #handleQueued(): void {
    if (this.#closed) return
    // One writev for the responses to all requests that arrived together.
    this.#socket.cork()
    while (!this.#handling && !this.#draining && !this.#closed && this.#queue.length > 0 && !this.#isSlow) {
      const frame = this.#queue.shift()!
      this.#queuedBytes -= frame.length
      this.#handle(frame)
    }
    this.#socket.uncork()
    this.#pauseOrResume()
  }

  /** More is under way than the memory of a slow network should hold. */
  get #isSlow(): boolean {
    return this.#delayed !== null && this.#delayed.sizeInBytes > MAX_QUEUED_BYTES
  }

  #pauseOrResume(): void {
    if (this.#closed) return
    const full = this.#queue.length > MAX_QUEUED_REQUESTS || this.#queuedBytes > MAX_QUEUED_BYTES
    if (full && !this.#paused) this.#socket.pause()
    if (!full && this.#paused) this.#socket.resume()
    this.#paused = full
  }

  #handle(frame: Buffer): void {
    if (this.#authentication.rawFrames) {
      this.#authenticateRaw(frame)
      return
    }
    const reader = new Reader(frame, 0, frame.length, MAX_REQUEST_ELEMENTS)
    let header: RequestHeader
    let handler: ApiHandler | undefined
    let request: unknown
    try {
      header = decodeRequestHeader(reader, this.#router.isFlexible)
      const { apiKey, apiVersion } = header
      if (!this.#authentication.authenticated && !BEFORE_AUTHENTICATION.includes(apiKey)) {
        throw new ProtocolError('MALFORMED', `called API ${apiKey} before authentication`)
      }
      handler = this.#router.find(apiKey, apiVersion)
      if (handler === undefined) {
        if (apiKey !== API_VERSIONS) throw new ProtocolError('UNSUPPORTED_VERSION', `called API ${apiKey} in version ${apiVersion}`)
        this.#send(refuseApiVersions(header.correlationId, this.#router.advertised()))
        return
      }
      request = handler.api.request.read(reader, apiVersion)
    } catch (error) {
      this.#refuse('sent a request that cannot be read', error)
      return
    }
    this.#call(handler, header, request)
  }

  #call(handler: ApiHandler, header: RequestHeader, request: unknown): void {
    const { injector, journal } = this.#cluster
    const context = this.#context(header)
    const record = journal === null ? null : journal.begin(handler.api.name, context, request)
    this.#record = record
    try {
      const response = injector === null ? handler.handle(context, request) : injector.handle(handler, context, request, record)
      if (response instanceof Promise) {
        this.#handling = true
        response.then(
          (later) => {
            this.#handling = false
            this.#answer(handler, header, later)
            this.#handleQueued()
          },
          (error) => this.#fail(handler, error),
        )
      } else {
        this.#answer(handler, header, response)
      }
    } catch (error) {
      this.#fail(handler, error)
    }
  }

  #context(header: RequestHeader): RequestContext {
    return {
      cluster: this.#cluster,
      node: this.#node,
      version: header.apiVersion,
      clientId: header.clientId,
      clientHost: this.#clientHost,
      signal: this.#abort.signal,
      authentication: this.#authentication,
    }
  }

  #answer(handler: ApiHandler, header: RequestHeader, response: Writable<unknown> | typeof noResponse | Interruption): void {
    if (this.#closed) return
    const record = this.#record
    try {
      if (response === noResponse) {
        record?.end('unasked')
      } else if (response instanceof Interruption) {
        this.#interrupt(response, () => this.#encode(handler, header, response.response))
      } else {
        if (record !== null) record.errorCode = firstError(response)
        this.#send(this.#encode(handler, header, response as object))
      }
    } catch (error) {
      this.#fail(handler, error)
    }
  }

  #encode(handler: ApiHandler, header: RequestHeader, response: object): Buffer[] {
    const refused = handler.api.key === API_VERSIONS && (response as { errorCode?: number }).errorCode === errorCodes.UNSUPPORTED_VERSION
    if (refused) return refuseApiVersions(header.correlationId, this.#router.advertised())
    return encodeResponse(handler.api, header.apiVersion, header.correlationId, response)
  }

  #send(chunks: readonly Buffer[]): void {
    const record = this.#record
    if (this.#authentication.failed) this.#end()
    const latencyMs = this.#cluster.injector?.latencyMs(this.#node.id) ?? 0
    if (latencyMs === 0 && (this.#delayed === null || this.#delayed.isEmpty)) {
      record?.end('answered')
      this.#write(chunks)
      return
    }
    this.#delayed ??= new DelayedResponses(this.#cluster.clock, (delayed) => {
      this.#write(delayed)
      this.#handleQueued()
    })
    this.#record = null
    this.#delayed.push(chunks, latencyMs, record)
  }

  #write(chunks: readonly Buffer[]): void {
    let taken = true
    for (const chunk of chunks) taken = this.#socket.write(chunk)
    this.#draining = !taken
    if (this.#ending && (this.#delayed === null || this.#delayed.isEmpty)) this.#socket.end()
  }

  /** Nothing is looked at any more that still comes. */
  #end(): void {
    this.#ending = true
    this.#queue.length = 0
    this.#queuedBytes = 0
  }

  /** A fault takes the place of the answer. */
  #interrupt({ kind, bytes }: Interruption, encode: () => Buffer[]): void {
    switch (kind) {
      case 'drop':
        this.#record?.end('dropped')
        this.close()
        return
      case 'hang':
        // What follows waits behind it, until the client gives up.
        this.#record?.end('withheld')
        this.#handling = true
        return
      case 'truncate': {
        const frame = Buffer.concat(encode())
        this.#record?.end('truncated')
        this.#end()
        this.#write([frame.subarray(0, Math.min(bytes, frame.length - 1))])
      }
    }
  }

  #authenticateRaw(message: Buffer): void {
    const reply = this.#authentication.authenticate(message)
    if (reply.errorCode !== 0) {
      this.#refuse('failed to authenticate', new Error(reply.errorMessage ?? ''))
      return
    }
    const size = Buffer.alloc(4)
    size.writeInt32BE(reply.bytes.length)
    this.#record = null
    this.#send([size, reply.bytes])
  }

  /** The client's fault: the connection goes, the broker stays. */
  #refuse(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#record?.end('dropped')
    this.#cluster.logger.info(`a client ${what}; its connection is closed`, { node: this.#node.id, client: this.#clientHost, reason })
    this.close()
  }

  #fail(handler: ApiHandler, error: unknown): void {
    if (this.#closed) return
    if (error instanceof ConnectionRefusal) {
      this.#refuse(error.message, error)
      return
    }
    this.#record?.end('dropped')
    this.#cluster.logger.error(`the handler of ${handler.api.name} failed; the connection is closed`, { node: this.#node.id, error })
    this.close()
  }
}
