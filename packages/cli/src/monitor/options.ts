import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type AlertRule, alertMetrics, type MonitorOptions } from '@sluice/monitor'
import { type ConsumerOptions, fromProperties, loadConfig } from 'sluice'

export const monitorUsage = `Usage: sluice monitor [doctor] [options]      (npm run monitor -- [options])

Collects what monitor() interceptors report, and shows on a web page which records were lost, doubled or late.

  doctor                      look whether everything is in place, and end; exit code 1 when something is not

  --bootstrap-servers LIST    Kafka cluster with the report topic, host:port[,host:port]
                              (without it only reports that are posted to /api/v1/reports are taken)
  --config FILE               connection settings: a .properties file of Kafka's tools, or a sluice.config file (its consumer)
  --topic NAME                report topic (default _sluice.monitor; created when it is missing)
  --share                     share the topic's partitions with other collectors that have the same --store file
  --store FILE                where to keep what was reported (default sluice-monitor.db; ":memory:" keeps nothing)
  --retention A,B,C           how long 10 s windows, minutes and quarters of an hour are kept (default 24h,7d,90d)
  --max-size SIZE             the store's size, beyond which the oldest goes (default 2GiB)
  --port N                    port of page and API (default 9470; 0 for any that is free)
  --host ADDRESS              address to listen on (default 127.0.0.1; any other needs a token)
  --token TOKEN               what page, API and reports have to show; better given as SLUICE_MONITOR_TOKEN
  --alerts FILE               alert rules as JSON: [{ "name": ..., "metric": ..., "above": ... }]
  --webhook URL               gets every alert when it begins and when it ends
  --otlp URL                  gets the metrics every 30 s (OTLP/HTTP, JSON)
  -h, --help                  this text
`

export interface MonitorCommand {
  readonly doctor: boolean
  readonly options: MonitorOptions
}

/** Rejects with a plain Error with a sentence for the user. */
export async function parseMonitorOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<MonitorCommand | 'help'> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'bootstrap-servers': { type: 'string' },
      config: { type: 'string' },
      topic: { type: 'string' },
      share: { type: 'boolean', default: false },
      store: { type: 'string', default: 'sluice-monitor.db' },
      retention: { type: 'string' },
      'max-size': { type: 'string' },
      port: { type: 'string', default: '9470' },
      host: { type: 'string' },
      token: { type: 'string' },
      alerts: { type: 'string' },
      webhook: { type: 'string' },
      otlp: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  const doctor = positionals[0] === 'doctor'
  const unknown = positionals.find((_, index) => index > 0 || !doctor)
  if (unknown !== undefined) throw new Error(`"${unknown}" is nothing that sluice monitor knows; there is "doctor"`)
  const token = values.token ?? env.SLUICE_MONITOR_TOKEN
  const kafka = await connectionOf(values.config, values['bootstrap-servers'])
  if (doctor && kafka === undefined) throw new Error('doctor needs --bootstrap-servers, or --config')
  const retention = retentionOf(values.retention, values['max-size'])
  return {
    doctor,
    options: {
      ...(kafka === undefined ? {} : { kafka }),
      ...(values.topic === undefined ? {} : { topic: values.topic }),
      share: values.share,
      store: values.store,
      ...(retention === undefined ? {} : { retention }),
      port: portOf(values.port),
      ...(values.host === undefined ? {} : { host: values.host }),
      ...(token === undefined || token === '' ? {} : { token }),
      ...(values.alerts === undefined ? {} : { alerts: alertsOf(values.alerts) }),
      ...(values.webhook === undefined ? {} : { webhook: { url: address('--webhook', values.webhook) } }),
      ...(values.otlp === undefined ? {} : { otlp: { url: address('--otlp', values.otlp) } }),
    },
  }
}

type Connection = Pick<ConsumerOptions, 'bootstrapServers'> & Partial<ConsumerOptions>

async function connectionOf(file: string | undefined, bootstrapServers: string | undefined): Promise<Connection | undefined> {
  const given = file === undefined ? {} : await settingsOf(file)
  const settings = bootstrapServers === undefined ? given : { ...given, bootstrapServers }
  if (settings.bootstrapServers === undefined) {
    if (file !== undefined) throw new Error(`--config: ${file} names no bootstrap servers; add --bootstrap-servers`)
    return undefined
  }
  return settings as Connection
}

const taken = [
  'bootstrapServers',
  'clientId',
  'securityProtocol',
  'ssl',
  'sasl',
  'requestTimeoutMs',
  'reconnectBackoffMs',
  'reconnectBackoffMaxMs',
  'socketConnectionSetupTimeoutMs',
  'socketConnectionSetupTimeoutMaxMs',
  'connectionsMaxIdleMs',
  'metadataRecoveryStrategy',
] as const

/** What is about the connection; all else in such a file is about other clients. */
async function settingsOf(file: string): Promise<Partial<ConsumerOptions>> {
  const options = file.endsWith('.properties')
    ? (fromProperties(read('--config', file)) as Partial<ConsumerOptions>)
    : (await loadConfig(file)).consumer.options
  return Object.fromEntries(taken.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]))
}

function alertsOf(file: string): readonly AlertRule[] {
  let rules: unknown
  try {
    rules = JSON.parse(read('--alerts', file))
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(`--alerts: ${file} is not JSON: ${error.message}`)
    throw error
  }
  if (!Array.isArray(rules)) throw new Error(`--alerts: ${file} must be a list of rules`)
  return rules.map((rule: Partial<AlertRule> | null, index) => {
    const at = `--alerts: rule ${index + 1} in ${file}`
    if (typeof rule?.name !== 'string' || rule.name === '') throw new Error(`${at} has no name`)
    if (!alertMetrics.includes(rule.metric!)) throw new Error(`${at}: metric must be one of ${alertMetrics.join(', ')}`)
    if (typeof rule.above !== 'number' && typeof rule.below !== 'number') throw new Error(`${at} needs a number "above" or "below"`)
    return rule as AlertRule
  })
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`)
  }
}

function retentionOf(text: string | undefined, size: string | undefined): MonitorOptions['retention'] | undefined {
  if (text === undefined && size === undefined) return undefined
  const parts = text?.split(',') ?? []
  if (text !== undefined && parts.length !== 3) throw new Error(`--retention must be three times such as 24h,7d,90d, not "${text}"`)
  const [seconds10Ms, minute1Ms, minute15Ms] = parts.map(duration)
  if (text !== undefined && !(seconds10Ms! <= minute1Ms! && minute1Ms! <= minute15Ms!)) {
    throw new Error(`--retention must be three times that grow, not "${text}"`)
  }
  return {
    ...(text === undefined ? {} : { seconds10Ms, minute1Ms, minute15Ms }),
    ...(size === undefined ? {} : { maxBytes: bytes(size) }),
  }
}

function duration(text: string): number {
  const parts = /^(\d{1,6})([smhd])$/.exec(text.trim())
  if (parts === null) throw new Error(`--retention: "${text}" is no time such as 30m, 24h or 7d`)
  return Number(parts[1]) * { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[parts[2] as 's' | 'm' | 'h' | 'd']
}

function bytes(text: string): number {
  const parts = /^(\d{1,9})\s*(Ki|Mi|Gi|k|M|G)?B$/.exec(text.trim())
  if (parts === null || Number(parts[1]) === 0) throw new Error(`--max-size must be a size such as 500MB or 2GiB, not "${text}"`)
  const units: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, k: 1e3, M: 1e6, G: 1e9 }
  return Number(parts[1]) * (units[parts[2] ?? ''] ?? 1)
}

function portOf(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new Error(`--port must be a number from 0 to 65535, not "${text}"`)
  return Number(text)
}

function address(name: string, text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new Error(`${name} must be an address that begins with http:// or https://`)
  return text
}
