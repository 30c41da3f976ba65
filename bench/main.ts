// npm run bench [-- --json] [--only CASE] [--clients a,b] [--runs N]: our client beside its peers, in one run, on one
// broker, rounds interleaved. Machines are noisy: read the ratios of medians, not the figures.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { KafkaProducer } from 'sluice'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    clients: { type: 'string', default: 'sluice,platformatic,kafkajs' },
    runs: { type: 'string', default: '5' },
    'value-bytes': { type: 'string', default: '100' },
    seconds: { type: 'string', default: '3' },
  },
})

interface Result {
  readonly case: string
  readonly client: string
  readonly recordsPerSec: number
  readonly mbPerSec: number
  readonly cpuSec: number
  readonly rssMb: number
}

const cases = ['produce/awaited', 'produce/loop', 'consume'].filter((name) => name.startsWith(values.only))
const clients = values.clients.split(',')
const runs = Number(values.runs)
const valueBytes = Number(values['value-bytes'])
const CONSUME_RECORDS = 500_000
const PARTITIONS = 6

for (const name of cases) {
  const results = new Map<string, Result[]>(clients.map((client) => [client, []]))
  await using broker = await startBroker()
  if (name === 'consume') await fill(broker.bootstrapServers)
  for (let run = 0; run < runs; run++) {
    for (const client of clients) {
      const result = await measure(name, client, broker.bootstrapServers)
      if (typeof result === 'string') process.stderr.write(`${name} ${client}: could not run: ${result}\n`)
      else results.get(client)!.push(result)
    }
  }
  report(name, results)
}

async function startBroker(): Promise<{ readonly bootstrapServers: string } & AsyncDisposable> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('broker.ts', import.meta.url)), String(PARTITIONS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return {
    bootstrapServers: line,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function fill(bootstrapServers: string): Promise<void> {
  await using producer = new KafkaProducer({ bootstrapServers })
  const value = Buffer.alloc(valueBytes, 'x')
  let failure: unknown
  for (let i = 0; i < CONSUME_RECORDS; i++) {
    producer.send({ topic: 'bench-consume', value }, (_metadata, error) => {
      failure ??= error ?? undefined
    })
    if (i % 10_000 === 0) await producer.flush()
  }
  await producer.flush()
  if (failure !== undefined) throw failure
}

async function measure(name: string, client: string, bootstrapServers: string): Promise<Result | string> {
  const context = {
    bootstrapServers,
    topic: name === 'consume' ? 'bench-consume' : 'bench-produce',
    valueBytes,
    callers: 1000,
    records: CONSUME_RECORDS,
    warmUpMs: 1000,
    measureMs: Number(values.seconds) * 1000,
  }
  const child = spawn(process.execPath, [fileURLToPath(new URL('worker.ts', import.meta.url)), client, name, JSON.stringify(context)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  if (code !== 0) return `exit ${code ?? signal}: ${errors.trim().slice(-400)}`
  return JSON.parse(output.trim().split('\n').at(-1)!) as Result
}

function report(name: string, results: ReadonlyMap<string, readonly Result[]>): void {
  const medians = [...results].filter(([, list]) => list.length > 0).map(([, list]) => median(list))
  if (values.json) {
    for (const result of medians) process.stdout.write(`${JSON.stringify(result)}\n`)
    return
  }
  const own = medians.find(({ client }) => client === 'sluice')
  process.stdout.write(`\n${name}: ${valueBytes}-byte values, median of ${runs}\n`)
  for (const { client, recordsPerSec, mbPerSec, cpuSec, rssMb } of medians) {
    const ratio = own && client !== 'sluice' ? `   sluice is ${(own.recordsPerSec / recordsPerSec).toFixed(1)}x` : ''
    process.stdout.write(
      `  ${client.padEnd(14)}${String(recordsPerSec).padStart(10)} records/s ${mbPerSec.toFixed(1).padStart(8)} MB/s  cpu ${cpuSec.toFixed(1)} s  rss ${rssMb} MB${ratio}\n`,
    )
  }
}

function median(results: readonly Result[]): Result {
  return [...results].sort((a, b) => a.recordsPerSec - b.recordsPerSec)[Math.floor(results.length / 2)]!
}
