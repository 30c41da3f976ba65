// One case of one client, in a process of its own: `node bench/worker.ts CLIENT CASE CONTEXT`. Prints one JSON line.
import type { BenchClient } from './bench-client.ts'

const [clientName, caseName, contextJson] = process.argv.slice(2) as [string, string, string]
const settings = JSON.parse(contextJson) as {
  bootstrapServers: string
  topic: string
  valueBytes: number
  callers: number
  records: number
  warmUpMs: number
  measureMs: number
}
const { client } = (await import(`./clients/${clientName}.ts`)) as { client: BenchClient }
const context = { ...settings, value: Buffer.alloc(settings.valueBytes, 'x') }

let records = 0
let startedAt = 0
let startCpu = process.cpuUsage()
let startRecords = 0
let endedAt = 0
let endCpu = startCpu
let endRecords = 0

function begin(): void {
  startedAt = performance.now()
  startCpu = process.cpuUsage()
  startRecords = records
}

function end(): void {
  endedAt = performance.now()
  endCpu = process.cpuUsage(startCpu)
  endRecords = records
}

if (caseName === 'consume') {
  // Measured from the first batch on: joining the group is not reading.
  await client.consume(context, (count) => {
    if (startedAt === 0) begin()
    else records += count
    if (records >= settings.records * 0.95 && endedAt === 0) end()
  })
  if (endedAt === 0) end()
} else {
  let stopped = false
  setTimeout(begin, settings.warmUpMs)
  setTimeout(() => {
    end()
    stopped = true
  }, settings.warmUpMs + settings.measureMs)
  const produce = caseName === 'produce/awaited' ? client.produceAwaited : client.produceLoop
  await produce(
    context,
    (count) => {
      records += count
    },
    () => stopped,
  )
}

const seconds = (endedAt - startedAt) / 1000
const recordsPerSec = (endRecords - startRecords) / seconds
process.stdout.write(
  `${JSON.stringify({
    case: caseName,
    client: clientName,
    recordsPerSec: Math.round(recordsPerSec),
    mbPerSec: Number(((recordsPerSec * settings.valueBytes) / 1e6).toFixed(2)),
    cpuSec: Number(((endCpu.user + endCpu.system) / 1e6).toFixed(2)),
    rssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  })}\n`,
)
process.exit(0)
