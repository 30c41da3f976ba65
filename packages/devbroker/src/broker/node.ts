import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { DevBrokerError } from '../errors.ts'
import type { Cluster } from './cluster.ts'
import { Connection } from './connection.ts'
import type { AdvertisedVersions, Router } from './router.ts'

export interface NodeOptions {
  readonly id: number
  /** What the listener binds to. */
  readonly host: string
  /** What clients are told. */
  readonly advertisedHost: string
  /** 0 for any free one; the same one is used again after `down` and `up`. */
  readonly port: number
  readonly tls: TlsOptions | null
}

/** One address of the cluster. It holds no data: a node that is down only cannot be reached, and leads nothing. */
export class BrokerNode {
  readonly id: number
  readonly host: string
  readonly #bindHost: string
  readonly #tls: TlsOptions | null
  readonly #cluster: Cluster
  readonly #router: Router
  readonly #connections: Set<Connection> = new Set()
  /** The TCP sockets below the connections, those still in their TLS handshake included. */
  readonly #sockets: Set<Socket> = new Set()
  #port: number
  #server: Server | null = null
  /** Connected sockets that are not served before `up`; null while all are. */
  #held: Socket[] | null = null
  /** Makes `up` and `down` follow one another. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: NodeOptions, cluster: Cluster, router: Router) {
    this.id = options.id
    this.host = options.advertisedHost
    this.#bindHost = options.host
    this.#port = options.port
    this.#tls = options.tls
    this.#cluster = cluster
    this.#router = router
  }

  /** 0 until the node was up once, if any free port was asked for. */
  get port(): number {
    return this.#port
  }

  get isUp(): boolean {
    return this.#server !== null
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  advertisedVersions(): AdvertisedVersions[] {
    return this.#router.advertised()
  }

  /** Listens, and serves what `pauseAccept` held back. Partitions without a leader that have a replica here get one. */
  up(): Promise<void> {
    return this.#after(async () => {
      if (this.#server !== null) {
        this.#serveHeld()
        return
      }
      this.#server = await this.#listen()
      this.#cluster.nodesChanged()
    })
  }

  /** Stops listening and drops every connection; its partitions go to other replicas that are up, in a new epoch. */
  down(): Promise<void> {
    return this.#after(async () => {
      const server = this.#server
      if (server === null) return
      this.#server = null
      this.#held = null
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const connection of [...this.#connections]) connection.close()
      for (const socket of this.#sockets) socket.destroy()
      this.#cluster.nodesChanged()
      await closed
    })
  }

  /**
   * New connections are set up, but nothing on them is read or answered until `up`, like those of a broker that hangs. Those
   * that are there already go on.
   */
  pauseAccept(): void {
    this.#held ??= []
  }

  #serveHeld(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const socket of held) if (!socket.destroyed) this.#serve(socket)
  }

  #serve(socket: Socket): void {
    this.#connections.add(new Connection(socket, this, this.#cluster, this.#router))
  }

  connectionClosed(connection: Connection): void {
    this.#connections.delete(connection)
  }

  #after(step: () => Promise<void>): Promise<void> {
    const result = this.#last.then(step)
    this.#last = result.catch(() => {})
    return result
  }

  #listen(): Promise<Server> {
    const accept = (socket: Socket): void => {
      if (this.#server === null) {
        socket.destroy()
        return
      }
      if (this.#held === null) {
        this.#serve(socket)
        return
      }
      socket.on('error', () => {})
      this.#held.push(socket)
    }
    const server = this.#tls === null ? createServer({ noDelay: true }, accept) : createTlsServer(this.#tls, accept)
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('tlsClientError', (error) => this.#cluster.logger.info('a TLS handshake failed', { node: this.id, reason: error.message }))
    return new Promise((resolve, reject) => {
      const failed = (cause: Error): void => {
        const address = `${this.#bindHost}:${this.#port}`
        reject(new DevBrokerError('NODE_DOWN', `node ${this.id} cannot listen on ${address}: ${cause.message}`, { cause }))
      }
      server.once('error', failed)
      server.listen({ host: this.#bindHost, port: this.#port, backlog: 1024 }, () => {
        server.removeListener('error', failed)
        server.on('error', (error) => this.#cluster.logger.error('a listener failed', { node: this.id, error }))
        const address = server.address()
        if (typeof address === 'object' && address !== null) this.#port = address.port
        resolve(server)
      })
    })
  }
}
