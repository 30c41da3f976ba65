import { type ConsumerOptions, isKafkaError, KafkaAdmin, KafkaConsumer, silentLogger } from 'sluice'
import { MONITOR_TOPIC } from 'sluice/monitor-report'
import { checkReport } from './check-report.ts'
import { connectionOf } from './connection.ts'
import { checkReportTopic, type TopicCheck } from './report-topic.ts'

const MINUTE_MS = 60_000
const READ_TIMEOUT_MS = 10_000
const MAX_CLIENTS = 10

/** What `sluice monitor doctor` tells about the report topic. */
export interface ReportTopicFindings extends TopicCheck {
  readonly topic: string
  /** Reports in the last minute, and from which clients, some of them by name. */
  readonly lastMinute: number
  readonly clients: readonly string[]
  /** Why they could not be read, or null. */
  readonly readProblem: string | null
}

/** Looks at the topic and reads its last minute. Rejects when the cluster does not answer. */
export async function reportTopicFindings(
  kafka: Pick<ConsumerOptions, 'bootstrapServers'> & Partial<ConsumerOptions>,
  topic: string = MONITOR_TOPIC,
  signal?: AbortSignal,
): Promise<ReportTopicFindings> {
  await using admin = new KafkaAdmin({
    ...connectionOf(kafka),
    clientId: 'sluice-monitor-doctor',
    defaultApiTimeoutMs: READ_TIMEOUT_MS,
    logger: silentLogger,
  })
  const check = await checkReportTopic(admin, topic, [kafka.bootstrapServers].flat().join(','), signal)
  if (!check.exists) return { topic, ...check, lastMinute: 0, clients: [], readProblem: null }
  try {
    return { topic, ...check, ...(await readLastMinute(kafka, topic, signal)), readProblem: null }
  } catch (error) {
    const denied = isKafkaError(error) && error.code === 'TOPIC_AUTHORIZATION_FAILED'
    const readProblem = denied
      ? `topic ${topic} may not be read: allow READ on it`
      : `topic ${topic} cannot be read: ${(error as Error).message}`
    return { topic, ...check, lastMinute: 0, clients: [], readProblem }
  }
}

async function readLastMinute(
  kafka: Pick<ConsumerOptions, 'bootstrapServers'> & Partial<ConsumerOptions>,
  topic: string,
  signal: AbortSignal | undefined,
): Promise<{ lastMinute: number; clients: string[] }> {
  await using consumer = new KafkaConsumer({
    ...connectionOf(kafka),
    clientId: 'sluice-monitor-doctor',
    enableAutoCommit: false,
    allowAutoCreateTopics: false,
    autoOffsetReset: 'earliest',
    defaultApiTimeoutMs: READ_TIMEOUT_MS,
    logger: silentLogger,
  })
  const call = { timeoutMs: READ_TIMEOUT_MS, signal }
  const partitions = (await consumer.partitionsFor(topic, call)).map(({ partition }) => ({ topic, partition }))
  consumer.assign(partitions)
  const since = Date.now() - MINUTE_MS
  const found = await consumer.offsetsForTimes(
    partitions.map((partition) => ({ ...partition, timestamp: since })),
    call,
  )
  const ends = new Map((await consumer.endOffsets(partitions, call)).map(({ partition, offset }) => [partition, offset]))
  for (const { partition } of partitions) {
    const first = found.find((one) => one.partition === partition)
    consumer.seek({ topic, partition }, first?.offset ?? ends.get(partition) ?? 0)
  }
  const clients = new Set<string>()
  let lastMinute = 0
  const left = async (): Promise<boolean> => {
    for (const partition of partitions) if ((await consumer.position(partition, call)) < (ends.get(partition.partition) ?? 0)) return true
    return false
  }
  const deadline = performance.now() + READ_TIMEOUT_MS
  while (performance.now() < deadline && (await left())) {
    for (const { value } of await consumer.poll({ timeoutMs: 1000, signal })) {
      try {
        const { client } = checkReport(JSON.parse(value?.toString('utf8') ?? ''))
        lastMinute++
        if (clients.size < MAX_CLIENTS) clients.add(client.clientId)
      } catch {
        // The collector counts those; here it matters whether there are any that it can use.
      }
    }
  }
  return { lastMinute, clients: [...clients] }
}
