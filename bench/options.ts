import { parseArgs } from 'node:util'

export interface BenchOptions {
  readonly json: boolean
  /** What the names of the cases begin with. */
  readonly only: string
  readonly clients: readonly string[]
  readonly runs: number
  /** How long a client's case is measured. */
  readonly seconds: number
  readonly against: string | undefined
  /** How much slower than that revision the working tree may be: 0.1 is a tenth. */
  readonly tolerance: number
}

const allClients = ['sluice', 'confluent', 'platformatic', 'kafkajs', 'kcat']

/** Throws an Error that names the option. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      clients: { type: 'string', default: allClients.join(',') },
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      against: { type: 'string' },
      tolerance: { type: 'string', default: '0.1' },
    },
  })
  const clients = values.clients.split(',')
  const stranger = clients.find((client) => !allClients.includes(client))
  if (stranger !== undefined) throw new Error(`--clients: there is no client "${stranger}", only ${allClients.join(', ')}`)
  const runs = numberOf('--runs', values.runs)
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs must be a whole number from 1, not "${values.runs}"`)
  const seconds = numberOf('--seconds', values.seconds)
  if (!(seconds > 0)) throw new Error(`--seconds must be above 0, not "${values.seconds}"`)
  const tolerance = numberOf('--tolerance', values.tolerance)
  if (!(tolerance >= 0 && tolerance < 1)) throw new Error(`--tolerance must be from 0 to below 1, not "${values.tolerance}"`)
  return { json: values.json, only: values.only, clients, runs, seconds, against: values.against, tolerance }
}

function numberOf(option: string, text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(number)) throw new Error(`${option} must be a number, not "${text}"`)
  return number
}
