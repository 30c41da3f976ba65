// npm run test:faults [-- --minutes N] [--seed N] [--rate N] [--version V]: three real brokers, one of them killed with -9,
// stopped or robbed of a leadership at a time, while an idempotent producer and a group of two consumers go on. In the
// end a checker that knows every record counts what was lost, doubled, out of order or never acknowledged.
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { bufferSerializer, KafkaAdmin, KafkaConsumer, KafkaProducer, type Logger, stringSerializer } from 'sluice'
import { KafkaCluster } from '../../tools/kafka/kafka-cluster.ts'
import { defaultKafkaVersion } from '../../tools/kafka/kafka-jars.ts'
import { connectToCluster } from '../support/cluster-connection.ts'
import { movePartition } from '../support/partition-moves.ts'
import { Ledger } from './ledger.ts'
import { faultSchedule, type PlannedFault } from './schedule.ts'

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rate: { type: 'string', default: '2000' },
    version: { type: 'string', default: defaultKafkaVersion },
  },
})

const BROKERS = 3
const PARTITIONS = 6
const KEYS = 64
const TOPIC = 'faults'
const VALUE_BYTES = 200
const TICK_MS = 20
/** After the last fault: the longest that a record may still be under way, and the group may need to catch up. */
const SETTLE_MS = 150_000

const seed = Number(flags.seed)
const durationMs = Number(flags.minutes) * 60_000
const ratePerSecond = Number(flags.rate)
const quiet: Logger = { debug() {}, info() {}, warn() {}, error: (message) => say(`error: ${message}`) }
const startedAt = performance.now()

function say(text: string): void {
  process.stdout.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${text}\n`)
}

say(`seed ${seed}, ${flags.minutes} minutes, ${ratePerSecond} records a second, Apache Kafka ${flags.version}`)
await using cluster = await KafkaCluster.start({ version: flags.version, brokers: BROKERS })
const { bootstrapServers } = cluster
{
  await using admin = new KafkaAdmin({ bootstrapServers })
  await admin.createTopics([{ topic: TOPIC, partitions: PARTITIONS, replicationFactor: BROKERS, configs: { 'min.insync.replicas': '2' } }])
}

const ledger = new Ledger(KEYS)
const faultsDone: Record<PlannedFault['kind'], number> = { kill: 0, stop: 0, moveLeader: 0 }
const ended = new AbortController()
const drained = new AbortController()

await Promise.all([breakThings().finally(() => ended.abort()), produce(), consume('one'), consume('two')])
await readLog()

const verdict = {
  seed,
  minutes: Number(flags.minutes),
  faults: faultsDone,
  sent: ledger.sent,
  acknowledged: ledger.acknowledged,
  failed: ledger.failed,
  acknowledgedAndLost: ledger.lost,
  doubled: ledger.doubled,
  outOfOrder: ledger.outOfOrder,
  neverAcknowledged: ledger.sent - ledger.settled,
  acknowledgedTwice: ledger.acknowledgedTwice,
  delivered: ledger.delivered,
  redelivered: ledger.redelivered,
  neverDelivered: ledger.undelivered,
  foreign: ledger.foreign,
}
process.stdout.write(`${JSON.stringify(verdict)}\n`)
const wrong =
  verdict.acknowledgedAndLost +
  verdict.doubled +
  verdict.outOfOrder +
  verdict.neverAcknowledged +
  verdict.acknowledgedTwice +
  verdict.neverDelivered +
  verdict.foreign
process.exitCode = wrong === 0 && ledger.acknowledged > 0 ? 0 : 1

/** One fault at a time, so that two of three replicas are always in sync sooner or later. */
async function breakThings(): Promise<void> {
  for (const fault of faultSchedule(seed, BROKERS, PARTITIONS)) {
    if (performance.now() - startedAt + fault.afterMs + fault.forMs > durationMs) return
    await delay(fault.afterMs)
    try {
      await apply(fault)
      faultsDone[fault.kind]++
    } catch (error) {
      say(`${fault.kind} could not be done: ${(error as Error).message}`)
    }
    await cluster.untilReady()
  }
}

async function apply({ kind, broker, partition, forMs }: PlannedFault): Promise<void> {
  if (kind === 'moveLeader') {
    say(`moving the leader of partition ${partition}`)
    const connection = connectToCluster(bootstrapServers)
    try {
      const leader = await connection.leader(TOPIC, partition)
      const others = cluster.brokerIds.filter((id) => id !== leader.id)
      await movePartition(connection, TOPIC, partition, [...others, leader.id])
    } finally {
      await connection.close()
    }
    return
  }
  say(`${kind === 'kill' ? 'killing' : 'stopping'} broker ${broker} for ${(forMs / 1000).toFixed(1)} s`)
  cluster.signalBroker(broker, kind === 'kill' ? 'SIGKILL' : 'SIGSTOP')
  await delay(forMs)
  if (kind === 'stop') cluster.signalBroker(broker, 'SIGCONT')
  else {
    await cluster.brokerEnded(broker)
    await cluster.startBroker(broker)
  }
}

async function produce(): Promise<void> {
  await using producer = new KafkaProducer({
    bootstrapServers,
    clientId: 'faults',
    lingerMs: 5,
    keySerializer: stringSerializer,
    valueSerializer: bufferSerializer,
    logger: quiet,
  })
  const failures = new Map<string, number>()
  let due = 0
  for (let last = performance.now(); !ended.signal.aborted; ) {
    await delay(TICK_MS)
    const now = performance.now()
    due += ((now - last) * ratePerSecond) / 1000
    last = now
    // What is under way when brokers are down must fit into memory; the pace is caught up with afterwards.
    for (; due >= 1 && ledger.sent - ledger.settled < 60_000; due--) {
      const key = ledger.sent % KEYS
      const number = ledger.next(key)
      const value = Buffer.alloc(VALUE_BYTES, number % 251)
      value.writeUInt32BE(number, 0)
      producer.send({ topic: TOPIC, key: `key-${key}`, value }, (_metadata, error) => {
        ledger.settle(key, number, error !== null)
        if (error !== null) failures.set(error.code, (failures.get(error.code) ?? 0) + 1)
      })
    }
  }
  say(`sent ${ledger.sent}; waiting for what is under way`)
  await producer.close({ timeoutMs: SETTLE_MS })
  say(`settled ${ledger.settled}${failures.size > 0 ? `, failed: ${JSON.stringify(Object.fromEntries(failures))}` : ''}`)
  // The group reads on until it has seen everything, or nothing new for a while.
  for (let before = -1, idleMs = 0; idleMs < 20_000 && ledger.delivered < ledger.acknowledged + ledger.failed; ) {
    idleMs = ledger.delivered === before ? idleMs + 1000 : 0
    before = ledger.delivered
    await delay(1000)
    if (idleMs > 5000 && ledger.delivered >= ledger.acknowledged) break
  }
  drained.abort()
}

async function consume(name: string): Promise<void> {
  await using consumer = new KafkaConsumer({
    bootstrapServers,
    clientId: name,
    groupId: 'faults',
    autoOffsetReset: 'earliest',
    sessionTimeoutMs: 10_000,
    heartbeatIntervalMs: 1000,
    partitionAssignmentStrategy: ['cooperative-sticky'],
    logger: quiet,
  })
  consumer.subscribe([TOPIC])
  while (!drained.signal.aborted) {
    try {
      for (const { partition, offset } of await consumer.poll({ timeoutMs: 500, signal: drained.signal })) ledger.deliver(partition, offset)
    } catch (error) {
      if (!drained.signal.aborted) say(`consumer ${name}: ${(error as Error).message}`)
    }
  }
}

async function readLog(): Promise<void> {
  await using consumer = new KafkaConsumer({ bootstrapServers, enableAutoCommit: false, autoOffsetReset: 'earliest', logger: quiet })
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition }))
  consumer.assign(partitions)
  await consumer.seekToBeginning(partitions)
  const ends = await consumer.endOffsets(partitions)
  const wanted = ends.reduce((sum, { offset }) => sum + offset, 0)
  let read = 0
  while (read < wanted) {
    const records = await consumer.poll({ timeoutMs: 5000 })
    if (records.isEmpty) throw new Error(`the log gives ${read} of ${wanted} records`)
    for (const { key, value, partition, offset } of records) {
      ledger.read(Number(key!.toString().slice('key-'.length)), value!.readUInt32BE(0), partition, offset)
    }
    read += records.count
  }
  say(`the log holds ${read} records`)
}
