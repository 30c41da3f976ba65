// One micro case in a process of its own: `node bench/micro-worker.ts CASE`. Prints one JSON line.
import { microCaseNamed } from './micro-cases.ts'
import { middleOf, type Result } from './results.ts'

const WARM_UP_MS = 300
const MEASURE_MS = 500
/** Of a case with a baseline: turns of each, and how long a turn takes at least. */
const PAIRS = 60
const TURN_MS = 8
/** Records between two looks at the clock: many that its cost vanishes, few that a slow case ends in time. */
const CHUNK = 1000

const [name] = process.argv.slice(2) as [string]
const body = await (await microCaseNamed(name)).setUp()
let n = 0
let last: unknown

async function forAbout(ms: number, isBaseline = false): Promise<number> {
  const startedAt = performance.now()
  for (let records = 0; ; ) {
    if (body.recordAsync !== undefined) for (let i = 0; i < CHUNK; i++) last = await body.recordAsync(n++)
    else if (isBaseline) chunk(body.baseline!)
    else chunk(body.record!)
    records += CHUNK
    const elapsedMs = performance.now() - startedAt
    if (elapsedMs >= ms) return (elapsedMs * 1e6) / records
  }
}

/** A function of its own, as loops around an await are not optimised as well. */
function chunk(record: (n: number) => unknown): void {
  for (let i = 0; i < CHUNK; i++) last = record(n++)
}

async function differenceToBaseline(): Promise<number> {
  const differences: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const baseline = await forAbout(TURN_MS, true)
    differences.push((await forAbout(TURN_MS)) - baseline)
  }
  return middleOf(differences)
}

await forAbout(WARM_UP_MS)
if (body.baseline !== undefined) await forAbout(WARM_UP_MS, true)
const nsPerRecord = body.baseline === undefined ? await forAbout(MEASURE_MS) : await differenceToBaseline()
await body.close?.()
if (last === performance) throw new Error('never: it keeps the results in use')
const result: Result = { case: name, client: 'sluice', nsPerRecord: Number(nsPerRecord.toFixed(2)) }
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit(0)
