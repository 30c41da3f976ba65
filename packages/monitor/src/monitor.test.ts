import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { KafkaError, silentLogger } from 'sluice'
import type { AlertsAnswer, RangesAnswer, StreamsAnswer } from './api-types.ts'
import { routes } from './http/routes.ts'
import type { WebhookMessage } from './http/webhook.ts'
import { Monitor, type MonitorOptions } from './monitor.ts'
import { simulateLoss } from './testing/loss.ts'

function started(options: MonitorOptions = {}): Promise<Monitor> {
  return Monitor.start({ port: 0, logger: silentLogger, ...options })
}

async function ask<T>(monitor: Monitor, path: string): Promise<T> {
  const response = await fetch(new URL(path, monitor.url))
  assert.equal(response.status, 200, path)
  return (await response.json()) as T
}

test('monitor - every route is in the OpenAPI description, and every answer is as it says', async () => {
  await using monitor = await started({ alerts: [{ name: 'lost', metric: 'missing', above: 0 }] })
  for (const report of simulateLoss(Date.now())) await monitor.take(report)
  const description = await ask<any>(monitor, '/api/v1/openapi.json')
  const described = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
  )
  assert.deepEqual(described.sort(), routes.map(({ method, path }) => `${method} ${path}`).sort())

  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ajv.addSchema({ $id: 'monitor', ...description })
  const check = async (path: string, asked: string): Promise<any> => {
    const pointer = path.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')
    const validate = ajv.getSchema(`monitor#/paths/${pointer}/get/responses/200/content/application~1json/schema`)
    assert.ok(validate, `no schema for ${path}`)
    const answer = await ask(monitor, asked)
    assert.ok(validate(answer), `${asked}: ${ajv.errorsText(validate.errors)}`)
    return answer
  }
  const { streams } = (await check('/api/v1/streams', '/api/v1/streams')) as StreamsAnswer
  assert.equal(streams.find(({ group }) => group === 'billing')?.missing, 5)
  await check('/api/v1/streams', '/api/v1/streams?from=-15m&to=now')
  const { ranges } = (await check('/api/v1/streams/{topic}/{group}/ranges', '/api/v1/streams/orders/billing/ranges')) as RangesAnswer
  assert.deepEqual(
    ranges.filter(({ kind }) => kind === 'missing').map(({ partition, first, last }) => [partition, first, last]),
    [[0, 40, 44]],
  )
  await check('/api/v1/streams/{topic}/{group}/partitions', '/api/v1/streams/orders/billing/partitions')
  await check('/api/v1/series', '/api/v1/series?topic=orders&group=billing')
  await check('/api/v1/series', '/api/v1/series?topic=orders&group=billing&from=-5m&bin=10s')
  const { clients } = await check('/api/v1/clients', '/api/v1/clients')
  assert.equal(clients.length, 2)
  await check('/api/v1/status', '/api/v1/status')
  await check('/api/v1/alerts', '/api/v1/alerts')
  await check('/api/v1/openapi.json', '/api/v1/openapi.json')
})

test('monitor - what was taken is there after a restart with the same file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-monitor-'))
  try {
    const store = join(folder, 'monitor.db')
    const first = await started({ store })
    for (const report of simulateLoss(Date.now())) await first.take(report)
    const before = await ask<RangesAnswer>(first, '/api/v1/streams/orders/billing/ranges?kind=missing')
    await first.close()
    await first.close()
    await using second = await started({ store })
    const after = await ask<RangesAnswer>(second, '/api/v1/streams/orders/billing/ranges?kind=missing')
    assert.deepEqual(
      after.ranges.map(({ partition, first, last, window }) => [partition, first, last, window]),
      before.ranges.map(({ partition, first, last, window }) => [partition, first, last, window]),
    )
    assert.equal(after.ranges.length, 1)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('monitor - an alert has the exact ranges, goes to the webhook, and is in the history after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-monitor-'))
  const received: WebhookMessage[] = []
  const hook = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    received.push(JSON.parse(Buffer.concat(chunks).toString()))
    response.end()
    hook.emit('alert')
  })
  hook.listen(0, '127.0.0.1')
  await once(hook, 'listening')
  try {
    const store = join(folder, 'monitor.db')
    const rules = [{ name: 'lost', metric: 'missing', above: 0 }] as const
    const webhook = { url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/` }
    const alerted = once(hook, 'alert')
    const first = await started({ store, alerts: rules, webhook })
    for (const report of simulateLoss(Date.now())) await first.take(report)
    await alerted
    assert.equal(received[0]!.event, 'alert.begins')
    const { alert } = received[0]!
    assert.deepEqual([alert.rule, alert.topic, alert.group, alert.value], ['lost', 'orders', 'billing', 5])
    assert.deepEqual(
      alert.ranges.map(({ partition, first, last }) => [partition, first, last]),
      [[0, 40, 44]],
    )
    const { active } = await ask<AlertsAnswer>(first, '/api/v1/alerts')
    assert.deepEqual(active, [alert])
    await first.close()
    await using second = await started({ store, alerts: rules })
    assert.deepEqual((await ask<AlertsAnswer>(second, '/api/v1/alerts')).active, [alert])
  } finally {
    hook.closeAllConnections()
    hook.close()
    rmSync(folder, { recursive: true })
  }
})

test('monitor - what would be unsafe or cannot be is refused, by the name of the option', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-monitor-'))
  try {
    await using running = await started()
    const taken = Number(new URL(running.url).port)
    for (const [options, message] of [
      [{ host: '0.0.0.0' }, /^host: .*token/],
      [{ host: '::' }, /^host: .*token/],
      [{ host: '192.168.1.5' }, /^host: .*token/],
      [{ token: 'short' }, /^token /],
      [{ token: 'with a space' }, /^token /],
      [{ port: 70_000 }, /^port /],
      [{ port: taken }, /^port: .* taken/],
      [{ share: true, bootstrapServers: 'localhost:9092' }, /^share: .*store/],
      [{ share: true, store: join(folder, 'a.db') }, /^share: .*bootstrapServers/],
      [{ webhook: { url: 'ftp://x' } }, /^webhook\.url /],
      [{ otlp: { url: 'x' } }, /^otlp\.url /],
      [{ partitions: 0 }, /^partitions /],
    ] as const) {
      await assert.rejects(
        started(options),
        (error) => error instanceof KafkaError && error.code === 'CONFIG' && message.test(error.message),
        JSON.stringify(options),
      )
    }
    await assert.rejects(started({ store: folder }), { name: 'StoreError' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('monitor - with a token it may be reached from elsewhere, and asks for it', async () => {
  await using monitor = await started({ host: '0.0.0.0', token: 'correct-horse' })
  const streams = new URL('/api/v1/streams', monitor.url)
  assert.equal((await fetch(streams)).status, 401)
  assert.equal((await fetch(streams, { headers: { authorization: 'Bearer correct-horse' } })).status, 200)
})

test('monitor - no path leads out of the page', async () => {
  await using monitor = await started()
  for (const path of [
    '/../package.json',
    '/%2e%2e/package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/../../monitor.ts',
    '/package.json',
  ]) {
    const response = await fetch(new URL(monitor.url).origin + path)
    const text = await response.text()
    assert.ok(response.status === 404 || response.status === 403, `${path}: ${response.status}`)
    assert.doesNotMatch(text, /"name"/)
  }
})

test('monitor - what is given to take and is no report is refused', async () => {
  await using monitor = await started()
  await assert.rejects(monitor.take({ v: 1 } as never), { name: 'ReportError' })
  const status = await ask<{ reports: number }>(monitor, '/api/v1/status')
  assert.equal(status.reports, 0)
})
