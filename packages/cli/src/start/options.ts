import { parseArgs } from 'node:util'

export interface StartOptions {
  /** A path, `-` for standard input, or undefined for the figures of this machine. */
  readonly input: string | undefined
  /** A Kafka cluster in place of the embedded broker. */
  readonly bootstrap: string | undefined
  readonly durationSeconds: number | undefined
  readonly topic: string
  readonly partitions: number
  /** Lose and double a few records on purpose. */
  readonly chaos: boolean
  /** Of the monitor's page; undefined: no monitor. */
  readonly monitorPort: number | undefined
}

export const startUsage = `Usage: npm start -- [options]

Sends real input through a chain of producer interceptors, a broker and a chain of consumer interceptors.

  --input FILE       send the lines of a file; "-" is standard input (default: figures of this machine, 20 a second)
  --bootstrap LIST   use this Kafka cluster, host:port[,host:port], in place of the embedded broker
  --duration N       end after N seconds
  --topic NAME       topic to use (default sluice-start; created when it is missing)
  --partitions N     partitions of a topic that is created (default 3)
  --chaos            lose and double a few records on purpose, and tell which: the monitor's page shows the same
  --monitor-port N   port of the monitor's page (default 9470, or any that is free when that is taken)
  --no-monitor       no monitor and no page
  -h, --help         this text

The last line of output is JSON. The exit code is 0 only if every acknowledged record was consumed (or
lost by --chaos) and none failed.
`

export const DEFAULT_MONITOR_PORT = 9470

/** Throws a plain Error with a sentence for the user. */
export function parseStartOptions(args: readonly string[]): StartOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      input: { type: 'string' },
      bootstrap: { type: 'string' },
      duration: { type: 'string' },
      topic: { type: 'string', default: 'sluice-start' },
      partitions: { type: 'string', default: '3' },
      chaos: { type: 'boolean', default: false },
      'monitor-port': { type: 'string', default: String(DEFAULT_MONITOR_PORT) },
      'no-monitor': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    input: values.input,
    bootstrap: values.bootstrap,
    durationSeconds: values.duration === undefined ? undefined : positive('--duration', values.duration),
    topic: values.topic,
    partitions: whole('--partitions', values.partitions),
    chaos: values.chaos,
    monitorPort: values['no-monitor'] ? undefined : port('--monitor-port', values['monitor-port']),
  }
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name} must be a number above 0, not "${text}"`)
  return value
}

function whole(name: string, text: string): number {
  const value = positive(name, text)
  if (!Number.isInteger(value)) throw new Error(`${name} must be a whole number, not "${text}"`)
  return value
}

function port(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new Error(`${name} must be a port from 0 to 65535, not "${text}"`)
  return Number(text)
}
