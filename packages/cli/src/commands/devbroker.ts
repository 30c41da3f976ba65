import { parseArgs } from 'node:util'
import { DevBroker, DevBrokerError, type DevBrokerOptions } from '@sluice/devbroker'

const usage = `Usage: npm run devbroker -- [options]

A Kafka-protocol broker for development: records in memory, no replication, no durability. Ctrl-C ends it.

  --port N                port of the first node; the next nodes follow (default 9092; 0 for any that is free)
  --nodes N               how many nodes (default 1)
  --topics a:3,b:1        topics to create, with their partitions (default 1 each)
  --auto-create BOOL      whether asking for a topic creates it (default true; --no-auto-create is false)
  --host ADDRESS          address to listen on (default 127.0.0.1)
  --advertised-host NAME  what clients are told to connect to (default: --host)
  --unsafe-listen         allow an address that other machines can reach
  -h, --help              this text
`

const DEFAULT_PORT = 9092

/** `npm run devbroker`: one line per node, then nothing until it is told to end. */
export async function devbroker(args: readonly string[]): Promise<number> {
  let options: DevBrokerOptions | 'help'
  try {
    options = parseOptions(args)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    return 2
  }
  if (options === 'help') {
    process.stdout.write(usage)
    return 0
  }
  const ended = signalled()
  let broker: DevBroker
  try {
    broker = await DevBroker.start(options)
  } catch (error) {
    if (!(error instanceof DevBrokerError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
  for (const { host, port } of broker.nodes) process.stdout.write(`listening ${host}:${port}\n`)
  process.stderr.write('development broker: records are in memory only, nothing is replicated or authorized\n')
  await ended
  await broker.close()
  return 0
}

/** The first SIGINT or SIGTERM; a second one does not wait. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const end = (): void => {
      if (asked) process.exit(130)
      asked = true
      resolve()
    }
    process.on('SIGINT', end)
    process.on('SIGTERM', end)
  })
}

/** Throws a plain Error with a sentence for the user. */
function parseOptions(args: readonly string[]): DevBrokerOptions | 'help' {
  const { values } = parseArgs({
    args: args.map((arg) => (arg === '--no-auto-create' ? '--auto-create=false' : arg)),
    options: {
      port: { type: 'string', default: String(DEFAULT_PORT) },
      nodes: { type: 'string', default: '1' },
      topics: { type: 'string', default: '' },
      host: { type: 'string', default: '127.0.0.1' },
      'auto-create': { type: 'string', default: 'true' },
      'advertised-host': { type: 'string' },
      'unsafe-listen': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    port: whole('--port', values.port),
    nodes: whole('--nodes', values.nodes),
    topics: parseTopics(values.topics),
    host: values.host,
    advertisedHost: values['advertised-host'],
    autoCreateTopics: bool('--auto-create', values['auto-create']),
    unsafeListen: values['unsafe-listen'],
  }
}

function parseTopics(text: string): Record<string, number> {
  const topics: Record<string, number> = {}
  for (const part of text.split(',').filter((part) => part.trim() !== '')) {
    const [name = '', partitions = '1', ...rest] = part.trim().split(':')
    if (name === '' || rest.length > 0) throw new Error(`--topics: "${part}" is not NAME:PARTITIONS`)
    topics[name] = whole(`--topics: partitions of "${name}"`, partitions)
  }
  return topics
}

function whole(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} must be a whole number, not "${text}"`)
  return Number(text)
}

function bool(name: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new Error(`${name} must be true or false, not "${text}"`)
  return text === 'true'
}
