import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError } from 'sluice'
import { interceptorContract, recordContext, recordOf, testContext } from 'sluice/testing'
import { monitor } from './index.ts'
import type { MonitorReport } from './report/index.ts'

interceptorContract((options) => monitor({ to: () => {}, ...options }))

test('monitor - options are checked, and named when they are wrong', () => {
  for (const [options, pattern] of [
    [{ to: 'nowhere' }, /to must be "topic"/],
    [{ intervalMs: 1 }, /intervalMs must be a number of milliseconds from 10/],
    [{ maxCells: 1.5 }, /maxCells must be a whole number/],
    [{ interval: 5 }, /unknown option "interval"; did you mean "intervalMs"/],
  ] as const) {
    assert.throws(
      () => monitor(options as never),
      (error) => isKafkaError(error) && error.code === 'CONFIG' && pattern.test(error.message),
    )
  }
})

test('monitor - one for each client: two of the same kind would be one in the reports', async () => {
  const interceptor = monitor({ to: () => {} })
  await interceptor.configure?.(testContext())
  assert.throws(() => interceptor.configure?.(testContext()), /one interceptor for each client/)
  await interceptor.close?.()
})

test('monitor - a cell that changed is reported again with a higher version, one that did not is not', async () => {
  const reports: MonitorReport[] = []
  const context = testContext()
  const interceptor = monitor({ to: (report) => void reports.push(report), intervalMs: 1000 })
  await interceptor.configure?.(context)
  const acknowledge = (offset: number): void => {
    const record = recordContext()
    interceptor.onSend?.(recordOf({ topic: 't', value: 'v' }), record)
    const metadata = { topic: 't', partition: 0, offset, timestamp: context.clock.now(), serializedKeySize: -1, serializedValueSize: 1 }
    interceptor.onAcknowledgement?.(metadata, null, recordOf({ topic: 't' }).headers, record)
  }
  const next = async (): Promise<MonitorReport | undefined> => {
    const before = reports.length
    for (let i = 0; i < 20 && reports.length === before; i++) {
      context.clock.advance(200)
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    }
    return reports.at(-1)
  }
  acknowledge(0)
  acknowledge(1)
  assert.deepEqual(
    (await next())?.cells.map(({ version, acked, records }) => [version, acked, records]),
    [[1, [0, 2], 2]],
  )
  assert.deepEqual((await next())?.cells, [])
  acknowledge(5)
  assert.deepEqual(
    (await next())?.cells.map(({ version, acked }) => [version, acked]),
    [[2, [0, 2, 5, 1]]],
  )
  await interceptor.close?.()
  assert.equal(reports.at(-1)?.event, 'close')
  assert.deepEqual(
    reports.map(({ seq }) => seq),
    reports.map((_, index) => index),
  )
})

test('monitor - with too many cells the oldest go, and reports say how many were lost', async () => {
  const reports: MonitorReport[] = []
  const context = testContext()
  const interceptor = monitor({ to: (report) => void reports.push(report), maxCells: 10 })
  await interceptor.configure?.(context)
  const { headers } = recordOf({ topic: 't' })
  for (let partition = 0; partition < 15; partition++) {
    const metadata = { topic: 't', partition, offset: 0, timestamp: context.clock.now(), serializedKeySize: -1, serializedValueSize: 1 }
    interceptor.onAcknowledgement?.(metadata, null, headers, recordContext())
  }
  await interceptor.close?.()
  assert.deepEqual([reports.at(-1)?.cells.length, reports.at(-1)?.droppedCells], [10, 5])
})

test('monitor - a cell of an old window is told whole again when more records of it come', async () => {
  const reports: MonitorReport[] = []
  const context = testContext()
  const interceptor = monitor({ to: (report) => void reports.push(report), intervalMs: 1000 })
  await interceptor.configure?.(context)
  const { headers } = recordOf({ topic: 't' })
  const timestamp = context.clock.now() - 600_000
  for (let offset = 0; offset < 3; offset++) {
    const metadata = { topic: 't', partition: 0, offset, timestamp, serializedKeySize: -1, serializedValueSize: 1 }
    interceptor.onAcknowledgement?.(metadata, null, headers, recordContext())
    for (let i = 0; i < 20; i++) {
      context.clock.advance(200)
      await new Promise(setImmediate)
    }
  }
  await interceptor.close?.()
  const cells = reports.flatMap((report) => report.cells)
  assert.deepEqual(
    cells.map(({ version, acked, approximate }) => [version, acked, approximate]),
    [
      [1, [0, 1], undefined],
      [2, [0, 2], undefined],
      [3, [0, 3], undefined],
    ],
  )
})
