import { once } from 'node:events'
import { type AddressInfo, createServer, connect as openSocket, type Server, type Socket } from 'node:net'
import { apiRow, decodeResponse, encodeResponse, FrameSplitter } from '@sluice/protocol'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { produceApi } from '@sluice/protocol/messages/produce'
import type { TestCluster } from './test-cluster.ts'

const MAX_FRAME_BYTES = 128 * 1024 * 1024
const FIRST_PRODUCE_WITH_ENDPOINTS = 10

/** A request that a client sent through the proxy. */
export interface ProxiedRequest {
  /** The node that it was sent to. */
  readonly node: number
  readonly api: string
  readonly version: number
}

interface Pending {
  readonly apiKey: number
  readonly version: number
}

interface Pair {
  readonly client: Socket
  readonly broker: Socket
}

/**
 * Stands between a client and every node of a cluster, development broker or Kafka alike, so that a test can see the
 * requests, keep brokers from answering, and lose answers. Answers that name nodes are rewritten to lead here.
 */
export class ClusterProxy implements AsyncDisposable {
  /** In the order in which they came. */
  readonly requests: ProxiedRequest[] = []
  readonly #servers = new Map<number, Server>()
  readonly #pairs = new Set<Pair>()
  /** Names of the APIs whose next answer is lost. */
  readonly #lost: string[] = []
  #isPaused = false

  static async start(cluster: TestCluster): Promise<ClusterProxy> {
    const proxy = new ClusterProxy()
    const { nodes } = await cluster.admin.describeCluster()
    for (const { id, host, port } of nodes) {
      const server = createServer((client) => proxy.#join(id, client, openSocket({ host, port, noDelay: true })))
      proxy.#servers.set(id, server)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
    return proxy
  }

  get bootstrapServers(): string {
    return [...this.#servers.keys()].map((id) => `127.0.0.1:${this.#portOf(id)}`).join(',')
  }

  /** How many requests of this API came. */
  count(api: string): number {
    return this.requests.filter((request) => request.api === api).length
  }

  /** Requests no longer reach any broker, as if all were suspended: they wait, and go on with `resume`, or are lost with their connection. */
  pause(): void {
    this.#isPaused = true
    for (const { client } of this.#pairs) client.pause()
  }

  resume(): void {
    this.#isPaused = false
    for (const { client } of this.#pairs) client.resume()
  }

  /** The next answer of this API does not arrive: the connection ends in its place, and what the broker did stays done. */
  loseAnswer(api: string): void {
    this.#lost.push(api)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, broker } of this.#pairs) {
      client.destroy()
      broker.destroy()
    }
    await Promise.all([...this.#servers.values()].map((server) => new Promise((resolve) => server.close(resolve))))
  }

  #portOf(id: number): number {
    return (this.#servers.get(id)!.address() as AddressInfo).port
  }

  #join(node: number, client: Socket, broker: Socket): void {
    const pair = { client, broker }
    const pending = new Map<number, Pending>()
    this.#pairs.add(pair)
    const end = (): void => {
      this.#pairs.delete(pair)
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) socket.on('error', end).on('close', end)
    client.setNoDelay(true)
    if (this.#isPaused) client.pause()
    const requests = new FrameSplitter(MAX_FRAME_BYTES, (frame) => {
      const apiKey = frame.readInt16BE(0)
      const version = frame.readInt16BE(2)
      pending.set(frame.readInt32BE(4), { apiKey, version })
      this.requests.push({ node, api: apiRow(apiKey)?.name ?? `${apiKey}`, version })
      writeFrame(broker, frame)
    })
    const answers = new FrameSplitter(MAX_FRAME_BYTES, (frame) => {
      const correlationId = frame.readInt32BE(0)
      const { apiKey, version } = pending.get(correlationId)!
      pending.delete(correlationId)
      const lost = this.#lost.indexOf(apiRow(apiKey)?.name ?? '')
      if (lost < 0) {
        this.#answer(client, frame, correlationId, apiKey, version)
        return
      }
      this.#lost.splice(lost, 1)
      end()
    })
    client.on('data', (bytes) => requests.push(bytes))
    broker.on('data', (bytes) => {
      if (!client.destroyed) answers.push(bytes)
    })
  }

  #answer(client: Socket, frame: Buffer, correlationId: number, apiKey: number, version: number): void {
    if (client.destroyed) return
    if (apiKey === metadataApi.key) {
      const response = decodeResponse(metadataApi, version, frame)
      this.#leadHere(response.brokers)
      for (const chunk of encodeResponse(metadataApi, version, correlationId, response)) client.write(chunk)
    } else if (apiKey === produceApi.key && version >= FIRST_PRODUCE_WITH_ENDPOINTS) {
      const response = decodeResponse(produceApi, version, frame)
      this.#leadHere(response.nodeEndpoints)
      for (const chunk of encodeResponse(produceApi, version, correlationId, response)) client.write(chunk)
    } else writeFrame(client, frame)
  }

  #leadHere(endpoints: { nodeId: number; host: string; port: number }[]): void {
    for (const endpoint of endpoints) {
      endpoint.host = '127.0.0.1'
      endpoint.port = this.#portOf(endpoint.nodeId)
    }
  }
}

function writeFrame(socket: Socket, frame: Buffer): void {
  const size = Buffer.allocUnsafe(4)
  size.writeInt32BE(frame.length)
  socket.write(size)
  socket.write(frame)
}
