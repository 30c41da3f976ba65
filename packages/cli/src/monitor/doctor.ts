import { connectionOf, type MonitorOptions, type ReportTopicFindings, reportTopicFindings } from '@sluice/monitor'
import { isKafkaError, KafkaAdmin, silentLogger } from 'sluice'

const TIMEOUT_MS = 15_000

export interface DoctorOutcome {
  readonly lines: readonly string[]
  readonly isWell: boolean
}

/** Looks at what a monitor needs of a cluster, one line each: what is well, and what is to be done about what is not. */
export async function examine(options: MonitorOptions, signal: AbortSignal): Promise<DoctorOutcome> {
  const kafka = { ...options.kafka, bootstrapServers: options.kafka?.bootstrapServers ?? options.bootstrapServers! }
  const servers = [kafka.bootstrapServers].flat().join(',')
  const lines: string[] = []
  let isWell = true
  const say = (well: boolean, text: string): void => {
    lines.push(`${well ? 'ok  ' : 'FAIL'}  ${text}`)
    isWell &&= well
  }
  await using admin = new KafkaAdmin({
    ...connectionOf(kafka),
    clientId: 'sluice-monitor-doctor',
    defaultApiTimeoutMs: TIMEOUT_MS,
    logger: silentLogger,
  })
  try {
    const { nodes } = await admin.describeCluster({ signal })
    say(true, `the cluster answers: ${nodes.length} ${nodes.length === 1 ? 'broker' : 'brokers'} at ${servers}`)
  } catch (error) {
    const code = isKafkaError(error) ? `${error.code}: ` : ''
    say(false, `no answer from ${servers}: ${code}${(error as Error).message}`)
    return { lines, isWell }
  }
  let findings: ReportTopicFindings
  try {
    findings = await reportTopicFindings(kafka, options.topic, signal)
  } catch (error) {
    say(false, `the report topic cannot be looked at: ${(error as Error).message}`)
    return { lines, isWell }
  }
  const { topic, exists, partitions, problems, lastMinute, clients, readProblem } = findings
  if (exists) say(true, `topic ${topic} is there with ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`)
  for (const problem of problems) say(false, problem)
  if (!exists) return { lines, isWell }
  if (problems.length === 0) say(true, `topic ${topic} has the broker's time and keeps every report until it is old`)
  if (readProblem !== null) say(false, readProblem)
  else if (lastMinute > 0) say(true, `${lastMinute} reports in the last minute, from ${clients.join(', ')}`)
  else say(false, 'no report in the last minute: give monitor() to a producer or consumer as its last interceptor, and let it run')
  return { lines, isWell }
}
