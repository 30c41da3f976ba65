import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drop, KafkaConsumer, KafkaProducer, silentLogger, stringDeserializer, stringSerializer } from 'sluice'
import { monitor } from 'sluice/interceptors'
import { MONITOR_TOPIC, type MonitorCell, type MonitorReport, type OffsetRanges } from 'sluice/monitor-report'
import { testCluster } from '../support/test-cluster.ts'

/** The last state of every cell, as a collector puts it together. */
function cellsOf(reports: readonly MonitorReport[], role: 'producer' | 'consumer'): MonitorCell[] {
  const cells = new Map<string, MonitorCell>()
  for (const { session, client, cells: changed } of reports) {
    if (client.role !== role) continue
    for (const cell of changed) {
      const key = `${session} ${cell.topic} ${cell.partition} ${cell.window}`
      if ((cells.get(key)?.version ?? 0) < cell.version) cells.set(key, cell)
    }
  }
  return [...cells.values()]
}

function offsetsOf(cells: readonly MonitorCell[], pick: (cell: MonitorCell) => OffsetRanges | undefined): number[] {
  const offsets: number[] = []
  for (const cell of cells) {
    const ranges = pick(cell) ?? []
    for (let i = 0; i < ranges.length; i += 2) for (let n = 0; n < ranges[i + 1]!; n++) offsets.push(ranges[i]! + n)
  }
  return offsets.sort((a, b) => a - b)
}

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i)

test('monitor - reports tell to the offset what was acknowledged, given out, taken out and committed', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const { bootstrapServers } = cluster
  const reports: MonitorReport[] = []
  const to = (report: MonitorReport): void => void reports.push(structuredClone(report))
  const producer = new KafkaProducer<Buffer, string>({ bootstrapServers, valueSerializer: stringSerializer }, [
    { name: 'guard', onSend: (record) => (record.value === 'dropped' ? drop('asked') : record) },
    monitor({ to, app: 'shop' }),
  ])
  const values = [...numbers(100).map(String), 'dropped']
  await Promise.all(values.map((value) => producer.send({ topic, partition: 0, value })))
  await producer.close()
  const consumer = new KafkaConsumer<Buffer, string>(
    { bootstrapServers, groupId: cluster.unique('monitored'), autoOffsetReset: 'earliest', valueDeserializer: stringDeserializer },
    [{ name: 'even', onConsume: (records) => records.filter(({ offset }) => offset % 2 === 0) }, monitor({ to })],
  )
  consumer.subscribe([topic])
  let count = 0
  while (count < 50) count += (await consumer.poll({ timeoutMs: 1000 })).count
  await consumer.commit()
  await consumer.close()

  const sent = cellsOf(reports, 'producer').filter((cell) => cell.topic === topic)
  assert.deepEqual(
    offsetsOf(sent, ({ acked }) => acked),
    numbers(100),
  )
  assert.equal(
    sent.reduce((sum, { records }) => sum + records, 0),
    100,
  )
  assert.deepEqual(
    sent.flatMap(({ dropped }) => Object.entries(dropped ?? {})),
    [['asked', 1]],
  )
  assert.ok(sent.some(({ produce }) => (produce?.count ?? 0) > 0))
  const read = cellsOf(reports, 'consumer')
  assert.deepEqual(
    offsetsOf(read, ({ seen }) => seen),
    numbers(50).map((n) => n * 2),
  )
  assert.deepEqual(
    offsetsOf(read, ({ filtered }) => filtered?.['even: filtered']),
    numbers(50).map((n) => n * 2 + 1),
  )
  assert.ok(read.some(({ transit }) => (transit?.count ?? 0) > 0))
  assert.ok(read.some(({ commit }) => (commit?.count ?? 0) > 0))
  const assignments = reports.flatMap((report) => report.assignments)
  assert.deepEqual([assignments[0]?.begin, assignments.at(-1)?.position, assignments.at(-1)?.committed], [0, 100, 100])
  assert.deepEqual(
    reports.filter(({ event }) => event === 'close').map(({ client }) => client.role),
    ['producer', 'consumer'],
  )
  const last = reports.filter(({ client }) => client.role === 'consumer').at(-1)
  assert.deepEqual(
    last?.chain.map(({ name, dropped }) => [name, dropped]),
    [
      ['even', 50],
      ['monitor', 0],
    ],
  )
})

test('monitor - with run, what handlers got counts as given out, with queue and processing times; a repeat is told apart', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const { bootstrapServers } = cluster
  await using producer = new KafkaProducer<Buffer, string>({ bootstrapServers, valueSerializer: stringSerializer })
  await Promise.all(numbers(20).map((n) => producer.send({ topic, partition: 0, value: `${n}` })))
  const reports: MonitorReport[] = []
  const consumer = new KafkaConsumer<Buffer, string>(
    { bootstrapServers, groupId: cluster.unique('monitored'), autoOffsetReset: 'earliest', valueDeserializer: stringDeserializer },
    [monitor({ to: (report) => void reports.push(structuredClone(report)) })],
  )
  consumer.subscribe([topic])
  const stop = new AbortController()
  let handled = 0
  await consumer.run({
    signal: stop.signal,
    eachRecord({ offset }) {
      handled++
      if (offset === 9 && handled === 10) consumer.seek({ topic, partition: 0 }, 5)
      if (offset === 19) stop.abort()
    },
  })
  await consumer.close()
  const cells = cellsOf(reports, 'consumer')
  assert.deepEqual(
    offsetsOf(cells, ({ seen }) => seen),
    numbers(20),
  )
  assert.deepEqual(
    offsetsOf(cells, ({ redelivered }) => redelivered),
    numbers(5, 5),
  )
  assert.equal(
    cells.reduce((sum, { process }) => sum + (process?.count ?? 0), 0),
    25,
  )
})

test('monitor - reports go to a topic with log-append time, over the connection settings of the client', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const letters = `_sluice.${cluster.unique('reports')}`
  const { bootstrapServers } = cluster
  const producer = new KafkaProducer<Buffer, string>({ bootstrapServers, valueSerializer: stringSerializer }, [
    monitor({ to: { topic: letters }, intervalMs: 50 }),
  ])
  await producer.send({ topic, value: 'v' })
  await producer.close()
  await cluster.untilKnown(letters, 1)
  const stored = await cluster.records(letters)
  const reports = stored.map(({ value }) => JSON.parse(String(value)) as MonitorReport)
  assert.equal(reports.at(-1)?.event, 'close')
  assert.equal(stored[0]?.batch.timestampType, 'LogAppendTime')
  assert.equal(String(stored[0]?.key), reports[0]?.session)
  assert.deepEqual(
    offsetsOf(
      cellsOf(reports, 'producer').filter((cell) => cell.topic === topic),
      ({ acked }) => acked,
    ),
    [0],
  )
  assert.equal(MONITOR_TOPIC, '_sluice.monitor')
})

test('monitor - a collector that is away neither slows nor fails anything, and what it missed comes with the next report', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const { bootstrapServers } = cluster
  const reports: MonitorReport[] = []
  let isAway = true
  const producer = new KafkaProducer<Buffer, string>({ bootstrapServers, valueSerializer: stringSerializer, logger: silentLogger }, [
    monitor({
      intervalMs: 20,
      to(report) {
        if (isAway) throw new Error('away')
        reports.push(structuredClone(report))
      },
    }),
  ])
  for (let i = 0; i < 10; i++) {
    await producer.send({ topic, partition: 0, value: `${i}` })
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  isAway = false
  await producer.close()
  assert.deepEqual(
    offsetsOf(cellsOf(reports, 'producer'), ({ acked }) => acked),
    numbers(10),
  )
  const nowhere = new KafkaProducer<Buffer, string>({ bootstrapServers, valueSerializer: stringSerializer, logger: silentLogger }, [
    monitor({ to: 'http://127.0.0.1:9', closeTimeoutMs: 200 }),
  ])
  assert.equal((await nowhere.send({ topic, value: 'v' })).offset >= 0, true)
  await nowhere.close()
})

test('monitor - level B numbers records in a header, and the consumer tells which numbers it read', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(3)
  const { bootstrapServers } = cluster
  const reports: MonitorReport[] = []
  const to = (report: MonitorReport): void => void reports.push(structuredClone(report))
  const producer = new KafkaProducer<Buffer, string>({ bootstrapServers, valueSerializer: stringSerializer }, [
    monitor({ to, sequence: true }),
  ])
  await Promise.all(numbers(30).map((n) => producer.send({ topic, partition: n % 3, value: `${n}` })))
  await producer.close()
  await using consumer = new KafkaConsumer<Buffer, string>(
    { bootstrapServers, groupId: cluster.unique('monitored'), autoOffsetReset: 'earliest', valueDeserializer: stringDeserializer },
    [monitor({ to, sequence: true })],
  )
  consumer.subscribe([topic])
  let count = 0
  while (count < 30) count += (await consumer.poll({ timeoutMs: 1000 })).count
  await consumer.close()
  const session = reports.find(({ client }) => client.role === 'producer')!.session.slice(0, 8)
  assert.deepEqual(
    offsetsOf(cellsOf(reports, 'producer'), ({ sequences }) => sequences),
    numbers(30),
  )
  assert.deepEqual(
    offsetsOf(cellsOf(reports, 'consumer'), ({ readSequences }) => readSequences?.[session]),
    numbers(30),
  )
})
