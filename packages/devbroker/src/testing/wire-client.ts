import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Api, decodeResponse, encodeRequest, FrameSplitter, type Writable } from '@sluice/protocol'

const MAX_FRAME_BYTES = 1024 * 1024

interface Waiting {
  readonly onFrame: (frame: Buffer) => void
  readonly onError: (error: Error) => void
}

/** One connection that speaks any version of any API; responses come in the order of the requests. */
export class WireClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #waiting: Waiting[] = []
  #correlationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    const frames = new FrameSplitter(MAX_FRAME_BYTES, (frame) => this.#waiting.shift()?.onFrame(frame))
    socket.on('data', (chunk: Buffer) => frames.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const { onError } of this.#waiting.splice(0)) onError(new Error('the broker closed the connection'))
    })
  }

  static async connect(host: string, port: number): Promise<WireClient> {
    const socket = connect({ host, port, noDelay: true })
    await once(socket, 'connect')
    return new WireClient(socket)
  }

  /** Rejects when the connection closes first. */
  send<Q, P>(api: Api<Q, P>, version: number, request: Writable<Q>): Promise<P> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ onFrame: (frame) => resolve(decodeResponse(api, version, frame)), onError: reject })
      for (const chunk of encodeRequest(api, version, this.#correlationId++, 'wire-client', request)) this.#socket.write(chunk)
    })
  }

  /** Bytes as they are, for what no client would send. */
  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** A request to which no answer is expected. */
  sendOnly<Q>(api: Api<Q, unknown>, version: number, request: Writable<Q>): void {
    for (const chunk of encodeRequest(api, version, this.#correlationId++, 'wire-client', request)) this.#socket.write(chunk)
  }

  /** The next frame that comes, without its size. Rejects when the connection closes first. */
  nextFrame(): Promise<Buffer> {
    return new Promise((onFrame, onError) => this.#waiting.push({ onFrame, onError }))
  }

  /** Resolves when the broker has closed the connection. */
  async closed(): Promise<void> {
    if (!this.#socket.closed) await once(this.#socket, 'close')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.destroyed) return
    this.#socket.destroy()
    await once(this.#socket, 'close')
  }
}
