import { connect, createServer, type Server, type Socket } from 'node:net'
import { decodeRequestHeader, decodeResponse, encodeResponse, FrameSplitter, isFlexible, Reader } from '@sluice/protocol'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { produceApi } from '@sluice/protocol/messages/produce'

const MAX_FRAME_BYTES = 16 * 1024 * 1024

/**
 * Stands before a broker and never answers Produce: what a client sends stays on its way until it gives up. Any other
 * request goes through; metadata names this address for every broker.
 */
export class StalledBroker implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #upstream: { readonly host: string; readonly port: number }

  static async start(bootstrapServers: string): Promise<StalledBroker> {
    const [host, port] = bootstrapServers.split(',')[0]!.split(':')
    const broker = new StalledBroker({ host: host!, port: Number(port) })
    await new Promise<void>((resolve) => broker.#server.listen(0, '127.0.0.1', resolve))
    return broker
  }

  private constructor(upstream: { readonly host: string; readonly port: number }) {
    this.#upstream = upstream
    this.#server = createServer((client) => this.#serve(client))
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  get #port(): number {
    return (this.#server.address() as { port: number }).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(client: Socket): void {
    const broker = connect(this.#upstream)
    /** Versions of the metadata requests under way, by correlation id. */
    const metadataVersions = new Map<number, number>()
    const toBroker = new FrameSplitter(MAX_FRAME_BYTES, (frame) => {
      const { apiKey, apiVersion, correlationId } = decodeRequestHeader(new Reader(frame), isFlexible)
      if (apiKey === produceApi.key) return
      if (apiKey === metadataApi.key) metadataVersions.set(correlationId, apiVersion)
      writeFrame(broker, frame)
    })
    const toClient = new FrameSplitter(MAX_FRAME_BYTES, (frame) => {
      const correlationId = frame.readInt32BE(0)
      const version = metadataVersions.get(correlationId)
      metadataVersions.delete(correlationId)
      if (version === undefined) writeFrame(client, frame)
      else client.write(Buffer.concat(this.#renamed(frame, correlationId, version)))
    })
    pipe(client, toBroker, broker)
    pipe(broker, toClient, client)
    this.#sockets.add(client).add(broker)
  }

  #renamed(frame: Buffer, correlationId: number, version: number): Buffer[] {
    const response = decodeResponse(metadataApi, version, frame)
    const brokers = response.brokers.map((broker) => ({ ...broker, host: '127.0.0.1', port: this.#port }))
    return encodeResponse(metadataApi, version, correlationId, { ...response, brokers })
  }
}

function pipe(from: Socket, splitter: FrameSplitter, to: Socket): void {
  from.on('data', (chunk) => splitter.push(chunk))
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
}

function writeFrame(socket: Socket, frame: Buffer): void {
  const size = Buffer.alloc(4)
  size.writeInt32BE(frame.length)
  socket.write(Buffer.concat([size, frame]))
}
