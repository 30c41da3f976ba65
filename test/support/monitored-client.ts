// A producer or a consumer with monitor(), as a process of its own: node monitored-client.ts '{"role":...}'. Tells what it does
// as lines of JSON, and takes commands as lines on its standard input.
import { createInterface } from 'node:readline'
import { type ConsumerRecord, KafkaConsumer, KafkaProducer } from 'sluice'
import { monitor } from 'sluice/interceptors'

/** The argument of the process. */
export interface MonitoredClientOptions {
  readonly role: 'producer' | 'consumer'
  readonly bootstrapServers: string
  readonly topic: string
  readonly reportTopic: string
  readonly clientId: string
  readonly group?: string
  /** Producer: how many, and how many a second. */
  readonly records?: number
  readonly perSecond?: number
}

export type MonitoredClientEvent =
  | { readonly event: 'assigned'; readonly partitions: readonly number[] }
  | { readonly event: 'consumed'; readonly count: number }
  | { readonly event: 'skipped'; readonly partition: number; readonly first: number; readonly last: number }
  | { readonly event: 'produced'; readonly count: number }
  | { readonly event: 'closed' }

const SKIP = 7

const options = JSON.parse(process.argv[2]!) as MonitoredClientOptions
const interceptor = monitor({ to: { topic: options.reportTopic, create: false }, intervalMs: 400, app: 'test' })
const tell = (event: MonitoredClientEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`)
const commands: string[] = []
createInterface({ input: process.stdin }).on('line', (line) => commands.push(line))
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

await (options.role === 'producer' ? produce() : consume())
tell({ event: 'closed' })
process.exit(0)

async function produce(): Promise<void> {
  const { bootstrapServers, clientId, topic, records = 100, perSecond = 100 } = options
  const producer = new KafkaProducer({ bootstrapServers, clientId, lingerMs: 20 }, [interceptor])
  let acknowledged = 0
  for (let sent = 0; sent < records; sent++) {
    producer.send({ topic, partition: sent % 3, value: Buffer.from(`${clientId} ${sent}`) }, (_, error) => {
      if (error === null) acknowledged++
      else throw error
    })
    await pause(1000 / perSecond)
  }
  await producer.flush({ timeoutMs: 20_000 })
  tell({ event: 'produced', count: acknowledged })
  await producer.close({ timeoutMs: 5000 })
}

async function consume(): Promise<void> {
  const { bootstrapServers, clientId, group, topic } = options
  const consumer = new KafkaConsumer(
    {
      bootstrapServers,
      clientId,
      groupId: group,
      autoOffsetReset: 'earliest',
      autoCommitIntervalMs: 200,
      sessionTimeoutMs: 6000,
      heartbeatIntervalMs: 500,
      fetchMaxWaitMs: 100,
    },
    [interceptor],
  )
  consumer.subscribe([topic], {
    onPartitionsAssigned: () => tell({ event: 'assigned', partitions: consumer.assignment().map(({ partition }) => partition) }),
  })
  let skipping = false
  for (;;) {
    const command = commands.shift()
    if (command === 'close') break
    if (command === 'skip') {
      skipping = true
      consumer.pause(consumer.assignment())
    }
    if (skipping && (await skipped(consumer))) skipping = false
    const records: ConsumerRecord[] = [...(await consumer.poll({ timeoutMs: 100 }))]
    if (records.length > 0) tell({ event: 'consumed', count: records.length })
  }
  await consumer.close({ timeoutMs: 5000 })
}

/** Seeks over records of one partition once enough of them wait there; what is committed next is behind them. */
async function skipped(consumer: KafkaConsumer): Promise<boolean> {
  for (const { topic, partition } of consumer.assignment()) {
    const position = await consumer.position({ topic, partition })
    const [end] = await consumer.endOffsets([{ topic, partition }])
    if (end!.offset - position < SKIP + 3) continue
    consumer.seek({ topic, partition }, position + SKIP)
    consumer.resume(consumer.assignment())
    tell({ event: 'skipped', partition, first: position, last: position + SKIP - 1 })
    return true
  }
  return false
}
