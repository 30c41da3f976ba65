// The built page with answers that never change by themselves: for the page's tests, and to work on its looks.
//   node packages/monitor/page/testing/fake-api.ts [PORT] [SCENARIO]
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type PageFile, pageFiles, pageSecurityPolicy } from '../../src/page-files.ts'
import {
  alertsAnswer,
  clientsAnswer,
  type FakeData,
  fixedNow,
  newAlert,
  partitionsAnswer,
  rangesAnswer,
  type Scenario,
  seriesAnswer,
  statusAnswer,
  streamsAnswer,
} from './fake-data.ts'

export interface FakeApi {
  readonly url: string
  readonly port: number
  readonly data: FakeData
  /** Paths that were asked for, below `/api/v1/`. */
  readonly asked: string[]
  /** How many pages listen to events. */
  readonly listeners: number
  /** Stores something: the next revision is told to every page. */
  change(change: Partial<FakeData>): void
  /** Tells every page of an alert. */
  alert(): void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** `port` 0 for any that is free. */
export async function startFakeApi(scenario: Scenario = 'busy', port: number = 0, revision: number = 41): Promise<FakeApi> {
  const files = await pageFiles()
  const listeners = new Set<ServerResponse>()
  const asked: string[] = []
  let data: FakeData = { scenario, revision, moreMissing: 0 }
  const tell = (event: string, body: unknown): void => {
    for (const listener of listeners) listener.write(message(event, body, data.revision))
  }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    response.setHeader('content-security-policy', pageSecurityPolicy)
    if (!url.pathname.startsWith('/api/v1/')) return giveFile(files.get(url.pathname), request, response)
    const path = url.pathname.slice('/api/v1/'.length)
    asked.push(path + url.search)
    if (path === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write(message('hello', { revision: data.revision, now: fixedNow }, data.revision))
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
      return
    }
    const answer = answerTo(path, url.searchParams, data)
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(answer ?? { error: `nothing is known of ${decodeURIComponent(path)}` }))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const bound = (server.address() as AddressInfo).port
  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return {
    url: `http://127.0.0.1:${bound}/`,
    port: bound,
    asked,
    get data() {
      return data
    },
    get listeners() {
      return listeners.size
    },
    change(change) {
      data = { ...data, revision: data.revision + 1, ...change }
      tell('revision', { revision: data.revision, now: fixedNow })
    },
    alert: () => tell('alert', newAlert(data)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function giveFile(file: PageFile | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (file === undefined) {
    response.writeHead(404).end()
    return
  }
  const zipped = String(request.headers['accept-encoding']).includes('gzip')
  response.writeHead(200, {
    'content-type': file.type,
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
  })
  response.end(zipped ? file.gzip : file.plain)
}

function answerTo(path: string, query: URLSearchParams, data: FakeData): unknown {
  if (path === 'streams') return streamsAnswer(data, timeOf(query.get('from') ?? '-1h'), timeOf(query.get('to') ?? 'now'))
  if (path === 'clients') return clientsAnswer(data)
  if (path === 'alerts') return alertsAnswer(data)
  if (path === 'status') return statusAnswer(data)
  if (path === 'series') {
    const bin = query.get('bin')
    return seriesAnswer(
      data,
      query.get('topic') ?? '',
      query.get('group') ?? '',
      timeOf(query.get('from') ?? '-1h'),
      timeOf(query.get('to') ?? 'now'),
      bin === null ? undefined : lengthOf(bin),
    )
  }
  const [, topic, group, what] = /^streams\/([^/]+)\/([^/]+)\/(ranges|partitions)$/.exec(path) ?? []
  if (topic === undefined || group === undefined) return undefined
  const names = [decodeURIComponent(topic), decodeURIComponent(group)] as const
  return what === 'ranges' ? rangesAnswer(data, ...names, query.get('kind')) : partitionsAnswer(data, ...names)
}

function timeOf(text: string): number {
  if (text === 'now') return fixedNow
  return text.startsWith('-') ? fixedNow - lengthOf(text.slice(1)) : Number(text)
}

function lengthOf(text: string): number {
  const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
  return Number.parseInt(text, 10) * (units[text.at(-1)!] ?? 1)
}

function message(event: string, body: unknown, id: number): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(body)}\n\n`
}

if (import.meta.main) {
  const [port = '8099', scenario = 'busy'] = process.argv.slice(2)
  const api = await startFakeApi(scenario as Scenario, Number(port))
  process.stdout.write(`${api.url}\n`)
}
