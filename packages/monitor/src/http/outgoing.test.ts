import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { silentLogger } from 'sluice'
import type { AlertRow, StreamRow } from '../api-types.ts'
import type { MonitorAnswers } from './monitor-answers.ts'
import { OtlpExport } from './otlp-export.ts'
import { Webhook } from './webhook.ts'

interface Received {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: any
}

/** Takes what is posted; answers with the given statuses, then 200. */
async function receiver(...statuses: number[]) {
  const received: Received[] = []
  const waiting: (() => void)[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    received.push({ path: request.url!, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) })
    response.writeHead(statuses.shift() ?? 200).end()
    for (const resolve of waiting.splice(0)) resolve()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    received,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async until(count: number): Promise<void> {
      while (received.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const alert: AlertRow = { id: 'a1', rule: 'missing', topic: 'orders', group: 'b', value: 12, since: 5, until: null, ranges: [] }

test('webhook - an alert is sent again until it is taken, and what follows waits for it', async () => {
  await using target = await receiver(503, 429, 500)
  const webhook = new Webhook({ url: target.url, headers: { authorization: 'Bearer x' } }, silentLogger, 1)
  webhook.send(alert)
  webhook.send({ ...alert, until: 9 })
  await target.until(5)
  assert.deepEqual(
    target.received.map(({ body }) => body.event),
    ['alert.begins', 'alert.begins', 'alert.begins', 'alert.begins', 'alert.ends'],
  )
  assert.deepEqual(target.received[0]!.body.alert, alert)
  assert.equal(target.received[0]!.headers.authorization, 'Bearer x')
  await webhook.close()
})

test('webhook - what is refused is not sent again, and the next alert is', async () => {
  await using target = await receiver(400)
  const webhook = new Webhook({ url: target.url }, silentLogger, 1)
  webhook.send(alert)
  webhook.send({ ...alert, id: 'a2' })
  await webhook.close()
  assert.deepEqual(
    target.received.map(({ body }) => body.alert.id),
    ['a1', 'a2'],
  )
})

test('webhook - closing gives up on one that is away', async () => {
  const webhook = new Webhook({ url: 'http://127.0.0.1:1/' }, silentLogger, 60_000)
  webhook.send(alert)
  await webhook.close(1)
})

test('otlp - gauges are sent as the JSON mapping of protobuf has them', async () => {
  await using target = await receiver()
  const stream = { topic: 'orders', group: 'b', produced: 100, consumed: 88, missing: 12, latency: null, coverage: 0.5, lagMs: 1500 }
  const answers = {
    revision: 1,
    now: () => 1_764_000_000_000,
    streams: () => ({ revision: 1, now: 0, streams: [stream as StreamRow] }),
    clients: () => ({ revision: 1, clients: [] }),
    status: () => ({ reports: 3, lastReportAt: null, sessions: { live: 2, closed: 0, dead: 1 } }),
  } as unknown as MonitorAnswers
  const otlp = new OtlpExport(answers, { url: target.url, headers: { 'x-key': 'k' } }, silentLogger)
  await otlp.export()
  otlp.close()
  const { path, headers, body } = target.received[0]!
  assert.equal(path, '/v1/metrics')
  assert.equal(headers['x-key'], 'k')
  const [{ resource, scopeMetrics }] = body.resourceMetrics
  assert.deepEqual(resource.attributes, [{ key: 'service.name', value: { stringValue: 'sluice-monitor' } }])
  const missing = scopeMetrics[0].metrics.find(({ name }: { name: string }) => name === 'sluice.delivery.missing.records')
  assert.deepEqual(missing.gauge.dataPoints, [
    {
      attributes: [
        { key: 'topic', value: { stringValue: 'orders' } },
        { key: 'group', value: { stringValue: 'b' } },
      ],
      startTimeUnixNano: '1764000000000000000',
      timeUnixNano: '1764000000000000000',
      asDouble: 12,
    },
  ])
})

test('otlp - a receiver that says no is an error that has its answer', async () => {
  await using target = await receiver(503)
  const answers = {
    now: () => 0,
    streams: () => ({ streams: [] }),
    clients: () => ({ clients: [] }),
    status: () => ({ reports: 0, lastReportAt: null, sessions: { live: 0, closed: 0, dead: 0 } }),
  } as unknown as MonitorAnswers
  const otlp = new OtlpExport(answers, { url: `${target.url}custom` }, silentLogger)
  await assert.rejects(otlp.export(), /answered 503/)
  otlp.close()
  assert.equal(target.received[0]!.path, '/custom')
})
