import { isKafkaError, type KafkaAdmin } from 'sluice'

const RETENTION_MS = 3 * 24 * 3_600_000

/** What is to be said about the report topic; empty when all is well. */
export interface TopicCheck {
  readonly exists: boolean
  readonly partitions: number
  /** Sentences with what to do. */
  readonly problems: readonly string[]
}

/** Creates the report topic as it should be; one that exists already stays as it is. Rejects when it may not. */
export async function createReportTopic(admin: KafkaAdmin, topic: string, partitions: number, signal: AbortSignal): Promise<void> {
  const configs = { 'message.timestamp.type': 'LogAppendTime', 'retention.ms': RETENTION_MS, 'cleanup.policy': 'delete' }
  try {
    await admin.createTopics([{ topic, partitions, configs }], { signal })
  } catch (error) {
    if (!isKafkaError(error) || error.code !== 'TOPIC_ALREADY_EXISTS') throw error
  }
}

/** The command that creates it by hand. */
export function createCommand(topic: string, bootstrapServers: string, partitions = 1): string {
  return (
    `kafka-topics.sh --bootstrap-server ${bootstrapServers} --create --topic ${topic} --partitions ${partitions} ` +
    `--config message.timestamp.type=LogAppendTime --config retention.ms=${RETENTION_MS}`
  )
}

/** Looks at the report topic. Rejects when the cluster does not say. */
export async function checkReportTopic(
  admin: KafkaAdmin,
  topic: string,
  bootstrapServers: string,
  signal?: AbortSignal,
): Promise<TopicCheck> {
  let partitions: number
  try {
    const [described] = await admin.describeTopics([topic], { signal })
    partitions = described!.partitions.length
  } catch (error) {
    if (!isKafkaError(error)) throw error
    if (error.code === 'UNKNOWN_TOPIC_OR_PARTITION') {
      return { exists: false, partitions: 0, problems: [`topic ${topic} does not exist: ${createCommand(topic, bootstrapServers)}`] }
    }
    if (error.code === 'TOPIC_AUTHORIZATION_FAILED') {
      return { exists: false, partitions: 0, problems: [`topic ${topic} may not be seen: allow DESCRIBE and READ on it`] }
    }
    throw error
  }
  const problems: string[] = []
  const configs = await configsOf(admin, topic, signal)
  if (configs === undefined) problems.push(`the configuration of topic ${topic} may not be seen: allow DESCRIBE_CONFIGS on it`)
  else {
    const alter = `kafka-configs.sh --bootstrap-server ${bootstrapServers} --alter --topic ${topic} --add-config`
    if (configs.get('message.timestamp.type') !== 'LogAppendTime') {
      problems.push(`topic ${topic} does not tell the broker's time, so clocks are unknown: ${alter} message.timestamp.type=LogAppendTime`)
    }
    if ((configs.get('cleanup.policy') ?? '').includes('compact')) {
      problems.push(`topic ${topic} is compacted, so reports are lost: ${alter} cleanup.policy=delete`)
    }
  }
  return { exists: true, partitions, problems }
}

async function configsOf(
  admin: KafkaAdmin,
  topic: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, string | null> | undefined> {
  try {
    const [resource] = await admin.describeConfigs([{ type: 'topic', name: topic }], { signal })
    return new Map(resource!.entries.map(({ name, value }) => [name, value]))
  } catch (error) {
    if (isKafkaError(error) && error.code === 'TOPIC_AUTHORIZATION_FAILED') return undefined
    throw error
  }
}
