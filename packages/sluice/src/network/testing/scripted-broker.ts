import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { type Api, encodeResponse, FrameSplitter, Reader, type Writable } from '@sluice/protocol'
import { apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import { metadataApi } from '@sluice/protocol/messages/metadata'

/** One request as the scripted broker got it; answered when the test says so. */
export interface ScriptedRequest {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly connection: ScriptedConnection
  /** Decodes the body. */
  body<Q>(api: Api<Q, any>): Q
  answer<P>(api: Api<any, P>, message: Writable<P>, version?: number): void
}

export interface ScriptedConnection {
  readonly socket: Socket
  readonly index: number
}

type Script = (request: ScriptedRequest) => void

/** A TCP or TLS server that speaks Kafka's frames and answers as each test scripts it. */
export class ScriptedBroker {
  readonly #server: Server
  readonly #script: Map<number, Script> = new Map()
  readonly #arrivals: ScriptedRequest[] = []
  readonly #takers: { readonly apiKey: number; readonly take: (request: ScriptedRequest) => void }[] = []
  readonly sockets: Socket[] = []
  connections = 0

  private constructor(tls: TlsOptions | null) {
    this.#server = tls ? createTlsServer(tls, (socket) => this.#serve(socket)) : createServer((socket) => this.#serve(socket))
    this.#server.on('tlsClientError', () => {})
    this.on(apiVersionsApi, (request) => request.answer(apiVersionsApi, { apiKeys: everything }))
  }

  static async start(tls: TlsOptions | null = null): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(tls)
    await broker.listen(0)
    return broker
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, '127.0.0.1', () => resolve())
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Answers every request of the API with the script from now on. Without one, requests wait for `next`. */
  on(api: Api<any, any>, script: Script): void {
    this.#script.set(api.key, script)
  }

  off(api: Api<any, any>): void {
    this.#script.delete(api.key)
  }

  /** Metadata that names this broker as node `id` and leader of the topics' partitions; unknown topics get an error. */
  serveMetadata(topics: Readonly<Record<string, number>> = {}, id = 1): void {
    this.on(metadataApi, (request) => {
      const asked = request.body(metadataApi).topics
      const names = asked === null ? Object.keys(topics) : asked.map((topic) => topic.name!)
      request.answer(metadataApi, {
        clusterId: 'scripted',
        controllerId: id,
        brokers: [{ nodeId: id, host: '127.0.0.1', port: this.port }],
        topics: names.map((name) => ({
          name,
          errorCode: name in topics ? 0 : 3,
          partitions: Array.from({ length: topics[name] ?? 0 }, (_, partitionIndex) => ({
            partitionIndex,
            leaderId: id,
            leaderEpoch: 1,
            replicaNodes: [id],
            isrNodes: [id],
          })),
        })),
      })
    })
  }

  /** The next request of the API that no script took. */
  next(api: Api<any, any>): Promise<ScriptedRequest> {
    const at = this.#arrivals.findIndex((request) => request.apiKey === api.key)
    if (at >= 0) return Promise.resolve(this.#arrivals.splice(at, 1)[0]!)
    return new Promise((take) => this.#takers.push({ apiKey: api.key, take }))
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket): void {
    const connection: ScriptedConnection = { socket, index: this.connections++ }
    this.sockets.push(socket)
    socket.on('error', () => {})
    const frames = new FrameSplitter(64 * 1024 * 1024, (frame) => this.#take(connection, frame))
    socket.on('data', (bytes: Buffer) => {
      try {
        frames.push(bytes)
      } catch {
        socket.destroy()
      }
    })
  }

  #take(connection: ScriptedConnection, frame: Buffer): void {
    const reader = new Reader(frame)
    const apiKey = reader.int16()
    const apiVersion = reader.int16()
    const correlationId = reader.int32()
    const clientId = reader.nullableString()
    const request: ScriptedRequest = {
      apiKey,
      apiVersion,
      correlationId,
      clientId,
      connection,
      body: (api) => {
        if (apiVersion >= api.flexibleVersion) reader.unsignedVarint()
        return api.request.read(reader, apiVersion)
      },
      answer: (api, message, version = apiVersion) => {
        for (const chunk of encodeResponse(api, version, correlationId, message)) connection.socket.write(chunk)
      },
    }
    const script = this.#script.get(apiKey)
    if (script !== undefined) {
      script(request)
      return
    }
    const at = this.#takers.findIndex((taker) => taker.apiKey === apiKey)
    if (at >= 0) this.#takers.splice(at, 1)[0]!.take(request)
    else this.#arrivals.push(request)
  }
}

/** Every API in every version. */
export const everything: readonly { apiKey: number; minVersion: number; maxVersion: number }[] = Array.from(
  { length: 70 },
  (_, apiKey) => ({
    apiKey,
    minVersion: 0,
    maxVersion: 100,
  }),
)
