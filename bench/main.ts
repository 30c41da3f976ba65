// npm run bench [-- --json] [--only CASE] [--clients a,b] [--runs N] [--seconds N] [--bootstrap HOST:PORT]: our client
// beside its peers, in one run, on one broker, rounds interleaved. Machines are noisy: read ratios of medians.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { KafkaProducer } from 'sluice'
import { installPeer, isPeerInstalled } from '../tools/peers.ts'
import { type Case, CONSUME_RECORDS, cases, valuesOf } from './cases.ts'
import { hasKcat, runKcat } from './kcat.ts'

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    clients: { type: 'string', default: 'sluice,confluent,platformatic,kafkajs,kcat' },
    runs: { type: 'string', default: '5' },
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
  readonly p50Ms?: number
  readonly p99Ms?: number
  readonly growthMb?: number
}

const PARTITIONS = 6
const RUN_TIMEOUT_MS = 180_000
/** kcat sends a file of so many records, and its start counts; enough of them that it hardly does. */
const KCAT_SECONDS_WORTH = 1_500_000

const clients = flags.clients.split(',')
const runs = Number(flags.runs)
const unable = new Map<string, string>()

for (const name of ['confluent']) {
  if (!clients.includes(name) || isPeerInstalled(name)) continue
  process.stderr.write(`installing the peer "${name}" (once; native code is built, which takes minutes)\n`)
  try {
    installPeer(name)
  } catch (error) {
    unable.set(name, (error as Error).message)
  }
}
if (clients.includes('kcat') && !hasKcat()) unable.set('kcat', 'kcat is not installed (Debian: apt-get install kcat)')

for (const found of cases.filter(({ name }) => name.startsWith(flags.only))) {
  const results = new Map<string, Result[]>(clients.map((client) => [client, []]))
  const reasons = new Map<string, string>()
  await using broker = await startBroker()
  if (found.kind === 'consume') await fill(found, broker.bootstrapServers)
  const rounds = found.kind === 'memory' ? 1 : runs
  for (let round = 0; round < rounds; round++) {
    for (const client of clients) {
      const reason = reasons.get(client) ?? unable.get(client) ?? found.without?.[client]
      if (reason !== undefined) {
        reasons.set(client, reason)
        continue
      }
      try {
        results.get(client)!.push(await measure(found, client, broker.bootstrapServers))
      } catch (error) {
        reasons.set(client, (error as Error).message)
      }
    }
  }
  report(found, rounds, results, reasons)
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

async function fill(found: Case, bootstrapServers: string): Promise<void> {
  await using producer = new KafkaProducer({ bootstrapServers })
  const [value] = valuesOf(found)
  let failure: unknown
  for (let i = 0; i < CONSUME_RECORDS; i++) {
    producer.send({ topic: 'bench-consume', value: value! }, (_metadata, error) => {
      failure ??= error ?? undefined
    })
    if (i % 10_000 === 0) await producer.flush()
  }
  await producer.flush()
  if (failure !== undefined) throw failure
}

async function measure(found: Case, client: string, bootstrapServers: string): Promise<Result> {
  const topic = found.kind === 'consume' ? 'bench-consume' : 'bench-produce'
  if (client === 'kcat') return measureKcat(found, bootstrapServers, topic)
  const context = { bootstrapServers, topic, warmUpMs: 1000, measureMs: Number(flags.seconds) * 1000 }
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('worker.ts', import.meta.url)), client, found.name, JSON.stringify(context)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_TIMEOUT_MS)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  if (code !== 0) throw new Error(`ended with ${code ?? signal}: ${errors.trim().slice(-400)}`)
  return JSON.parse(output.trim().split('\n').at(-1)!) as Result
}

async function measureKcat(found: Case, bootstrapServers: string, topic: string): Promise<Result> {
  const { valueBytes } = found.settings
  const records =
    found.kind === 'consume'
      ? CONSUME_RECORDS
      : found.kind === 'memory'
        ? Math.ceil(2e9 / valueBytes)
        : Math.ceil((KCAT_SECONDS_WORTH * 100) / valueBytes) * 2
  const { seconds, cpuSec, rssMb } = await runKcat(found, bootstrapServers, topic, valuesOf(found), records)
  const recordsPerSec = records / seconds
  return {
    case: found.name,
    client: 'kcat',
    recordsPerSec: Math.round(recordsPerSec),
    mbPerSec: Number(((recordsPerSec * valueBytes) / 1e6).toFixed(2)),
    cpuSec,
    rssMb,
  }
}

function report(found: Case, rounds: number, results: ReadonlyMap<string, readonly Result[]>, reasons: ReadonlyMap<string, string>): void {
  const medians = [...results].filter(([, list]) => list.length > 0).map(([, list]) => median(found, list))
  if (flags.json) {
    for (const result of medians) process.stdout.write(`${JSON.stringify(result)}\n`)
    for (const [client, reason] of reasons) process.stderr.write(`${found.name} ${client}: not measured: ${reason}\n`)
    return
  }
  const own = medians.find(({ client }) => client === 'sluice')
  process.stdout.write(`\n${found.name}: ${found.about}; ${found.settings.valueBytes}-byte values, median of ${rounds}\n`)
  for (const result of medians) {
    const { client, recordsPerSec, mbPerSec, cpuSec, rssMb, p50Ms, p99Ms, growthMb } = result
    const latency = p99Ms === undefined ? '' : `  p50 ${p50Ms} ms  p99 ${p99Ms} ms`
    const growth = growthMb === undefined ? '' : `  grew ${growthMb} MB in the second half`
    const ratio = own && client !== 'sluice' && p99Ms === undefined ? `  sluice is ${(own.recordsPerSec / recordsPerSec).toFixed(1)}x` : ''
    process.stdout.write(
      `  ${client.padEnd(14)}${String(recordsPerSec).padStart(10)} records/s ${mbPerSec.toFixed(1).padStart(8)} MB/s  cpu ${cpuSec.toFixed(1)} s  rss ${rssMb} MB${latency}${growth}${ratio}\n`,
    )
  }
  for (const [client, reason] of reasons) process.stdout.write(`  ${client.padEnd(14)}not measured: ${reason}\n`)
}

function median(found: Case, results: readonly Result[]): Result {
  const by =
    found.kind === 'latency' ? (a: Result, b: Result) => a.p99Ms! - b.p99Ms! : (a: Result, b: Result) => a.recordsPerSec - b.recordsPerSec
  return [...results].sort(by)[Math.floor(results.length / 2)]!
}
