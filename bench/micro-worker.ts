// One micro case in a process of its own: `node bench/micro-worker.ts CASE`. Prints one JSON line.
import { microCaseNamed } from './micro-cases.ts'
import type { Result } from './results.ts'

const WARM_UP_MS = 300
const MEASURE_MS = 500
/** Records between two looks at the clock: many that its cost vanishes, few that a slow case ends in time. */
const CHUNK = 1000

const [name] = process.argv.slice(2) as [string]
const body = await (await microCaseNamed(name)).setUp()
let n = 0
let last: unknown

async function forAbout(ms: number): Promise<{ readonly records: number; readonly elapsedMs: number }> {
  const startedAt = performance.now()
  for (let records = 0; ; ) {
    if (body.recordAsync !== undefined) for (let i = 0; i < CHUNK; i++) last = await body.recordAsync(n++)
    else chunk()
    records += CHUNK
    const elapsedMs = performance.now() - startedAt
    if (elapsedMs >= ms) return { records, elapsedMs }
  }
}

/** A function of its own, as loops around an await are not optimised as well. */
function chunk(): void {
  for (let i = 0; i < CHUNK; i++) last = body.record!(n++)
}

await forAbout(WARM_UP_MS)
const { records, elapsedMs } = await forAbout(MEASURE_MS)
await body.close?.()
if (last === performance) throw new Error('never: it keeps the results in use')
const result: Result = { case: name, client: 'sluice', nsPerRecord: Number(((elapsedMs * 1e6) / records).toFixed(2)) }
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit(0)
