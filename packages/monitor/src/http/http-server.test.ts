import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { silentLogger } from 'sluice'
import type { MonitorReport } from 'sluice/monitor-report'
import type { StreamRow } from '../api-types.ts'
import { EventStream } from './event-stream.ts'
import { HttpServer } from './http-server.ts'
import type { MonitorAnswers } from './monitor-answers.ts'
import { MAX_UNPACKED_BYTES } from './request-body.ts'
import { requestHandler } from './routes.ts'

const NOW = 1_764_000_000_000

const row: StreamRow = {
  topic: 'orders',
  group: '=billing "a"',
  produced: 100,
  consumed: 88,
  missing: 12,
  redelivered: 3,
  replayed: 0,
  expired: 0,
  filtered: 0,
  lag: 0,
  lagMs: 0,
  trend: 'steady',
  unattributed: 0,
  unverified: 0,
  overwritten: 0,
  coverage: 1,
  producedPerSec: 10,
  consumedPerSec: 8.8,
  latency: { p50: 8, p90: 40, p99: 84, max: 90, errorMs: 3 },
  recent: [1, 0.88, null],
}

const report: MonitorReport = {
  v: 1,
  session: '0123456789abcdef',
  seq: 0,
  event: 'start',
  sentAt: NOW,
  client: { role: 'producer', clientId: 'p', host: 'h', pid: 1, library: 'sluice', version: '0', startedAt: NOW },
  cells: [],
  assignments: [],
  chain: [],
  droppedCells: 0,
  selfNs: 0,
}

/** Answers that are fixed, and what was asked and taken. */
function fixedAnswers() {
  const asked: unknown[] = []
  const taken: MonitorReport[] = []
  const answers: MonitorAnswers = {
    revision: 7,
    now: () => NOW,
    streams(range) {
      asked.push(range)
      return { revision: 7, now: NOW, streams: [row] }
    },
    ranges: (topic, group, kind) =>
      topic === 'orders/eu' && group === 'b'
        ? { revision: 7, ranges: [{ kind: kind ?? 'missing', partition: 3, first: 88120, last: 88131, count: 12 }] }
        : undefined,
    series(question) {
      asked.push(question)
      return { revision: 7, bin: question.bin ?? 10_000, bins: [] }
    },
    partitions: () => undefined,
    clients: () => ({ revision: 7, clients: [] }),
    alerts: () => ({ revision: 7, rules: [], active: [], history: [] }),
    status: () => ({
      revision: 7,
      now: NOW,
      source: 'test',
      reports: 1,
      lastReportAt: NOW,
      sessions: { live: 1, closed: 0, dead: 0 },
      unmonitoredGroups: [],
      problems: [],
    }),
    async take(given) {
      taken.push(given)
    },
  }
  return { answers, asked, taken }
}

async function serve(token?: string) {
  const { answers, asked, taken } = fixedAnswers()
  const events = new EventStream(() => ({ revision: answers.revision, now: NOW }))
  const handler = requestHandler({ answers, events, page: () => ({ type: 'text/html; charset=utf-8', body: '<!doctype html>' }) })
  const server = await HttpServer.listen({ host: '127.0.0.1', port: 0, token, logger: silentLogger, handler })
  const get = (path: string, init?: RequestInit) => fetch(new URL(path, server.url), init)
  return {
    answers,
    asked,
    taken,
    events,
    url: server.url,
    get,
    json: async (path: string, init?: RequestInit) => (await get(path, init)).json() as Promise<any>,
    async [Symbol.asyncDispose]() {
      events.close()
      await server.close()
    },
  }
}

/** Asks with headers that `fetch` does not let through. */
async function rawStatus(url: string, path: string, headers: Record<string, string>): Promise<number> {
  const sent = httpRequest(new URL(url), { path, headers }).end()
  const [response] = await once(sent, 'response')
  response.resume()
  return response.statusCode
}

test('monitor http - every answer has a strict policy, and nothing of the API is cached', async () => {
  await using server = await serve()
  for (const path of ['/', '/api/v1/streams', '/api/v1/nothing', '/metrics']) {
    const response = await server.get(path)
    await response.arrayBuffer()
    const policy = response.headers.get('content-security-policy') ?? ''
    assert.match(policy, /^default-src 'none'; script-src 'self';/, path)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(response.headers.get('cache-control'), 'no-store')
  }
})

test('monitor http - wrong input is 400 with the name of the parameter', async () => {
  await using server = await serve()
  for (const [path, parameter] of [
    ['/api/v1/streams?from=yesterday', 'from'],
    ['/api/v1/streams?from=-1h&to=-2h', 'from'],
    ['/api/v1/streams?form=-1h', 'form'],
    ['/api/v1/streams?from=1&from=2', 'from'],
    ['/api/v1/series?group=b', 'topic'],
    ['/api/v1/series?topic=a&group=', 'group'],
    ['/api/v1/series?topic=a&group=b&bin=15s', 'bin'],
    ['/api/v1/series?topic=a&group=b&bin=0', 'bin'],
    ['/api/v1/series?topic=a&group=b&from=0&bin=10s', 'bin'],
    ['/api/v1/streams/a/b/ranges?kind=lost', 'kind'],
    ['/api/v1/streams/%ff/b/ranges', 'topic'],
  ] as const) {
    const response = await server.get(path)
    assert.equal(response.status, 400, path)
    assert.equal(((await response.json()) as { parameter: string }).parameter, parameter, path)
  }
  assert.equal((await server.get('/api/v1/streams/orders/none/ranges')).status, 404)
  assert.equal((await server.get('/api/v1/streams/', { method: 'DELETE' })).status, 404)
  const refused = await server.get('/api/v1/streams', { method: 'DELETE' })
  assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD'])
})

test('monitor http - times are read as written, and names may have slashes', async () => {
  await using server = await serve()
  await server.json('/api/v1/streams?from=-90s&to=now')
  await server.json('/api/v1/series?topic=t&group=g&bin=1m')
  assert.deepEqual(server.asked, [
    { from: NOW - 90_000, to: NOW },
    { topic: 't', group: 'g', from: NOW - 3_600_000, to: NOW, bin: 60_000 },
  ])
  const { ranges } = await server.json('/api/v1/streams/orders%2Feu/b/ranges?kind=expired')
  assert.deepEqual(ranges, [{ kind: 'expired', partition: 3, first: 88120, last: 88131, count: 12 }])
})

test('monitor http - CSV is quoted, and no field is a formula', async () => {
  await using server = await serve()
  const response = await server.get('/api/v1/streams.csv')
  assert.match(response.headers.get('content-disposition')!, /streams\.csv/)
  const [head, first] = (await response.text()).split('\r\n')
  assert.match(head!, /^topic,group,produced,consumed,missing,/)
  assert.match(first!, /^orders,"'=billing ""a""",100,88,12,3,/)
  const ranges = await (await server.get('/api/v1/streams/orders%2Feu/b/ranges.csv')).text()
  assert.equal(ranges.split('\r\n')[1], 'orders/eu,b,missing,3,88120,88131,12,,,')
})

test('monitor http - a token is asked of everything but /healthz', async () => {
  await using server = await serve('s3cret')
  for (const path of ['/', '/api/v1/streams', '/metrics', '/api/v1/events', '/api/v1/openapi.json']) {
    const response = await server.get(path)
    assert.equal(response.status, 401, path)
    assert.match(response.headers.get('www-authenticate')!, /^Bearer/)
    await response.arrayBuffer()
  }
  assert.equal((await server.get('/healthz')).status, 200)
  const withToken = (authorization: string) => server.get('/api/v1/streams', { headers: { authorization } })
  assert.equal((await withToken('Bearer s3cret')).status, 200)
  assert.equal((await withToken('bearer  s3cret')).status, 200)
  for (const wrong of ['Bearer s3cre', 'Bearer s3cret2', 'Basic s3cret', 'Bearer ', 's3cret'])
    assert.equal((await withToken(wrong)).status, 401, wrong)
  const post = await server.get('/api/v1/reports', {
    method: 'POST',
    body: JSON.stringify(report),
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(post.status, 401)
  assert.deepEqual(server.taken, [])
})

test('monitor http - a page opened with ?token= keeps it in a cookie and loses it from the address', async () => {
  await using server = await serve('s3cret')
  const opened = await server.get('/streams?topic=a&token=s3cret', { redirect: 'manual' })
  assert.equal(opened.status, 303)
  assert.equal(opened.headers.get('location'), '/streams?topic=a')
  const cookie = opened.headers.get('set-cookie')!
  assert.match(cookie, /; HttpOnly; SameSite=Strict$/)
  const headers = { cookie: cookie.split(';')[0]! }
  assert.equal((await server.get('/api/v1/streams', { headers })).status, 200)
  assert.equal((await server.get('/?token=wrong', { redirect: 'manual' })).status, 401)
  // An address that begins with two slashes would be another site.
  const away = await rawLocation(server.url, '//evil.example/?token=s3cret')
  assert.equal(away, '/evil.example/')
  // What another site makes a browser send has the cookie too.
  assert.equal(await rawStatus(server.url, '/api/v1/streams', { ...headers, 'sec-fetch-site': 'cross-site' }), 403)
  assert.equal((await server.get('/api/v1/streams?token=s3cret')).status, 401)
})

async function rawLocation(url: string, path: string): Promise<string | undefined> {
  const sent = httpRequest(new URL(url), { path }).end()
  const [response] = await once(sent, 'response')
  response.resume()
  return response.headers.location
}

test('monitor http - without a token only this machine is answered, by its own name', async () => {
  await using server = await serve()
  const { host } = new URL(server.url)
  const port = host.split(':')[1]
  for (const good of [host, `localhost:${port}`, `[::1]:${port}`])
    assert.equal(await rawStatus(server.url, '/api/v1/streams', { host: good }), 200, good)
  for (const bad of ['evil.example', `127.0.0.1.evil.example:${port}`, 'localhost.evil.example', '10.0.0.1']) {
    assert.equal(await rawStatus(server.url, '/api/v1/streams', { host: bad }), 403, bad)
  }
  assert.equal(await rawStatus(server.url, '/api/v1/streams', { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), 403)
  assert.equal(await rawStatus(server.url, '/', { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }), 200)
})

test('monitor http - a report is taken, plain or packed', async () => {
  await using server = await serve()
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
    server.get('/api/v1/reports', { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
  assert.equal((await post(JSON.stringify(report), {})).status, 204)
  assert.equal((await post(new Uint8Array(gzipSync(JSON.stringify(report))), { 'content-encoding': 'gzip' })).status, 204)
  assert.deepEqual(server.taken, [report, report])
})

test('monitor http - a report that is wrong, huge or a bomb is refused and changes nothing', async () => {
  await using server = await serve()
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
    server.get('/api/v1/reports', { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1, 32)))
  assert.ok(bomb.length < 200_000)
  assert.equal((await post(bomb, { 'content-encoding': 'gzip' })).status, 413)
  assert.equal((await post('not gzip', { 'content-encoding': 'gzip' })).status, 400)
  assert.equal((await post('{}', { 'content-encoding': 'br' })).status, 415)
  assert.equal((await post('{}', { 'content-type': 'text/plain' })).status, 415)
  assert.equal((await post('{"v":', {})).status, 400)
  const wrong = (await (await post(JSON.stringify({ ...report, session: '../../etc' }), {})).json()) as { parameter: string }
  assert.equal(wrong.parameter, 'session')
  assert.deepEqual(server.taken, [])
})

test('monitor http - a body that says it is too long is not read', async () => {
  await using server = await serve()
  const sent = httpRequest(new URL('/api/v1/reports', server.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': String(2 ** 40) },
  })
  sent.on('error', () => {})
  sent.flushHeaders()
  const [response] = await once(sent, 'response')
  assert.equal(response.statusCode, 413)
  sent.destroy()
})

test('monitor http - events tell who connects where things are, then what changed', async () => {
  await using server = await serve()
  const response = await server.get('/api/v1/events')
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('event: hello')) text += (await reader.read()).value
  assert.match(text, new RegExp(`id: 7\nevent: hello\ndata: \\{"revision":7,"now":${NOW}\\}\n\n`))
  server.events.alert({ id: 'a1', rule: 'missing', topic: 'orders', group: 'b', value: 12, since: NOW, until: null, ranges: [] })
  while (!text.includes('event: alert')) text += (await reader.read()).value
  assert.match(text, /event: alert\ndata: \{"id":"a1",/)
  await reader.cancel()
})

test('monitor http - closing ends open event streams and does not hang', async () => {
  const server = await serve()
  const response = await server.get('/api/v1/events')
  const [, text] = await Promise.all([server[Symbol.asyncDispose](), response.text()])
  assert.match(text, /event: hello/)
})

test('monitor http - what is not HTTP gets 400 and the server goes on', async () => {
  await using server = await serve()
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.end('\x16\x03\x01 this is TLS\r\n\r\n')
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400/)
  assert.equal((await server.get('/healthz')).status, 200)
})

test('monitor http - /metrics is the text format of Prometheus', async () => {
  await using server = await serve()
  const response = await server.get('/metrics')
  assert.match(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/)
  const text = await response.text()
  const samples = parsePrometheus(text)
  assert.equal(samples.get('sluice_delivery_missing_records{topic="orders",group="=billing \\"a\\""}'), 12)
  assert.equal(samples.get('sluice_e2e_seconds{topic="orders",group="=billing \\"a\\"",quantile="0.99"}'), 0.084)
  assert.equal(samples.get('sluice_produced_records{topic="orders"}'), 100)
})

/** Holds the text against the format's grammar: help and type before samples, no name twice, no series twice. */
function parsePrometheus(text: string): Map<string, number> {
  assert.ok(text.endsWith('\n'))
  const samples = new Map<string, number>()
  const types = new Set<string>()
  let current = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-z_][a-z0-9_]*) \S/.exec(line)
    if (help) {
      current = help[1]!
      continue
    }
    const type = /^# TYPE ([a-z_][a-z0-9_]*) gauge$/.exec(line)
    if (type) {
      assert.equal(type[1], current)
      assert.ok(!types.has(current), `${current} twice`)
      types.add(current)
      continue
    }
    const sample = /^([a-z_][a-z0-9_]*)(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? (-?[0-9.e+-]+)$/.exec(
      line,
    )
    assert.ok(sample, `not a sample: ${line}`)
    assert.equal(sample[1], current)
    const series = sample[1]! + (sample[2] ?? '')
    assert.ok(!samples.has(series), `${series} twice`)
    samples.set(series, Number(sample[3]))
  }
  return samples
}
