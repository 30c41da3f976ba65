import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Seeded, seeded } from './seeded.ts'

/** The collector's HTTP API over seeded data; `stop` and `listen` make it go away and come back at the same port. */
export class FakeCollector implements AsyncDisposable {
  data: Seeded
  /** Answers only to this one. */
  token: string | undefined
  readonly asked: string[] = []
  #server = createServer()
  #port = 0
  readonly #listeners = new Set<ServerResponse>()

  private constructor(data: Seeded) {
    this.data = data
  }

  static async start(data: Seeded = seeded()): Promise<FakeCollector> {
    const collector = new FakeCollector(data)
    await collector.listen()
    return collector
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async listen(): Promise<void> {
    this.#server = createServer((request, response) => this.#answer(request, response))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    this.#listeners.clear()
    await once(this.#server, 'close')
  }

  /** Something is new. */
  changed(change: (data: Seeded) => void): void {
    change(this.data)
    const { revision, now } = this.data.streams
    this.data.streams = { ...this.data.streams, revision: revision + 1 }
    for (const response of this.#listeners) response.write(`event: revision\ndata: ${JSON.stringify({ revision: revision + 1, now })}\n\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.stop()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(request.url!)
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"a token is needed"}')
      return
    }
    const [path = '', query = ''] = request.url!.replace(/^\/api\/v1\//, '').split('?')
    if (path === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      response.write(`retry: 2000\n\nid: 1\nevent: hello\ndata: {"revision":1,"now":0}\n\n`)
      this.#listeners.add(response)
      response.on('close', () => this.#listeners.delete(response))
      return
    }
    const value = this.#valueOf(path, query)
    response
      .writeHead(value === undefined ? 404 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(value ?? { error: 'nothing is known' }))
  }

  #valueOf(path: string, query: string): unknown {
    const { streams, alerts, clients, status, ranges, partitions } = this.data
    const { revision } = streams
    if (path === 'streams') return streams
    if (path === 'alerts') return alerts
    if (path === 'clients') return clients
    if (path === 'status') return status
    const [, topic = '', group = '', what] = path.split('/').map(decodeURIComponent)
    const key = `${topic}/${group}`
    if (what === 'partitions') return partitions[key]
    const kind = /^kind=(\w+)$/.exec(query)?.[1]
    if (what === 'ranges') return { revision, ranges: (ranges[key] ?? []).filter((range) => kind === undefined || range.kind === kind) }
    return undefined
  }
}
