// One case of one client, in a process of its own: `node bench/worker.ts CLIENT CASE CONTEXT`. Prints one JSON line.
import type { BenchClient, BenchContext } from './bench-client.ts'
import { CONSUME_RECORDS, cases, MEMORY_BYTES, valuesOf } from './cases.ts'

const AWAITING_CALLERS = 1000
const PACE_PER_SECOND = 10_000

const [clientName, caseName, contextJson] = process.argv.slice(2) as [string, string, string]
const { bootstrapServers, topic, warmUpMs, measureMs, withInterceptors } = JSON.parse(contextJson) as {
  bootstrapServers: string
  topic: string
  warmUpMs: number
  measureMs: number
  withInterceptors?: boolean
}
const found = cases.find(({ name }) => name === caseName)!
const { client } = (await import(`./clients/${clientName}.ts`)) as { client: BenchClient }
const values = valuesOf(found)
const context: BenchContext = {
  bootstrapServers,
  topic,
  values,
  compression: found.settings.compression,
  lingerMs: found.settings.lingerMs,
  batchBytes: found.settings.batchBytes,
  records: CONSUME_RECORDS,
  withInterceptors: withInterceptors === true,
}

/** Counts records between `begin` and `end`. */
class Span {
  records = 0
  #startedAt = 0
  #startCpu = process.cpuUsage()
  #startRecords = 0
  seconds = 0
  cpuSec = 0
  counted = 0

  get hasBegun(): boolean {
    return this.#startedAt > 0
  }

  begin(): void {
    this.#startedAt = performance.now()
    this.#startCpu = process.cpuUsage()
    this.#startRecords = this.records
  }

  end(): void {
    if (this.seconds > 0) return
    this.seconds = (performance.now() - this.#startedAt) / 1000
    const { user, system } = process.cpuUsage(this.#startCpu)
    this.cpuSec = (user + system) / 1e6
    this.counted = this.records - this.#startRecords
  }
}

const span = new Span()
const extra: Record<string, number> = {}
let stopped = false
const count = (records: number): void => {
  span.records += records
}

/** Warms up, then measures for a while. */
function timed(): void {
  setTimeout(() => span.begin(), warmUpMs)
  setTimeout(() => {
    span.end()
    stopped = true
  }, warmUpMs + measureMs)
}

if (found.kind === 'consume') {
  // Measured from the first batch on: joining the group is not reading.
  await client.consume(context, (records) => {
    if (span.hasBegun) count(records)
    else span.begin()
    if (span.records >= CONSUME_RECORDS * 0.95) span.end()
  })
  span.end()
} else {
  const producer = await client.openProducer(context)
  await producer.send(values[0]!)
  if (found.kind === 'awaited') {
    timed()
    const caller = async (): Promise<void> => {
      while (!stopped) {
        await producer.send(values[0]!)
        count(1)
      }
    }
    await Promise.all(Array.from({ length: AWAITING_CALLERS }, caller))
  } else if (found.kind === 'loop') {
    timed()
    await producer.loop(count, () => stopped)
  } else if (found.kind === 'memory') {
    const wanted = MEMORY_BYTES / found.settings.valueBytes
    let halfwayMb = 0
    span.begin()
    await producer.loop(
      (records) => {
        count(records)
        if (halfwayMb === 0 && span.records > wanted / 2) halfwayMb = process.resourceUsage().maxRSS / 1024
      },
      () => span.records >= wanted,
    )
    span.end()
    extra.growthMb = Math.round(process.resourceUsage().maxRSS / 1024 - halfwayMb)
  } else {
    await paced(producer.send, span, extra)
  }
  await producer.close()
}

/** Sends at a fixed pace whatever the client does, and times each send from the moment it was due to its acknowledgement. */
async function paced(send: (value: Buffer) => Promise<unknown>, into: Span, figures: Record<string, number>): Promise<void> {
  const latencies: number[] = []
  const underway = new Set<Promise<void>>()
  let failure: unknown
  const startedAt = performance.now()
  for (let n = 0; failure === undefined; ) {
    const now = performance.now() - startedAt
    if (now > warmUpMs && !into.hasBegun) into.begin()
    if (now > warmUpMs + measureMs) break
    for (; n < (now * PACE_PER_SECOND) / 1000; n++) {
      const dueAt = (n * 1000) / PACE_PER_SECOND
      const one = send(values[0]!)
        .then(() => {
          count(1)
          if (dueAt > warmUpMs) latencies.push(performance.now() - startedAt - dueAt)
        })
        .catch((error: unknown) => {
          failure = error
        })
        .finally(() => underway.delete(one))
      underway.add(one)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  into.end()
  await Promise.all(underway)
  if (failure !== undefined) throw failure
  latencies.sort((a, b) => a - b)
  figures.p50Ms = Number(latencies[Math.floor(latencies.length * 0.5)]!.toFixed(2))
  figures.p99Ms = Number(latencies[Math.floor(latencies.length * 0.99)]!.toFixed(2))
}

const recordsPerSec = span.counted / span.seconds
process.stdout.write(
  `${JSON.stringify({
    case: caseName,
    client: clientName,
    recordsPerSec: Math.round(recordsPerSec),
    mbPerSec: Number(((recordsPerSec * found.settings.valueBytes) / 1e6).toFixed(2)),
    cpuSec: Number(span.cpuSec.toFixed(2)),
    rssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    ...extra,
  })}\n`,
)
process.exit(0)
