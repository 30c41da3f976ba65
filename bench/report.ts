import { type Result, speedRatio } from './results.ts'

/** What came out of one case: the median of each contestant that could do it, and why the others could not. */
export interface Outcome {
  readonly name: string
  readonly about: string
  readonly rounds: number
  readonly medians: readonly Result[]
  readonly reasons: ReadonlyMap<string, string>
}

/** A line of JSON per result; what was not measured goes to stderr. */
export function reportJson({ name, medians, reasons }: Outcome): void {
  for (const result of medians) process.stdout.write(`${JSON.stringify(result)}\n`)
  for (const [contestant, reason] of reasons) process.stderr.write(`${name} ${contestant}: not measured: ${reason}\n`)
}

/** A table for people, with how many times as fast as each peer we are. */
export function reportText({ name, about, rounds, medians, reasons }: Outcome): void {
  const own = medians.find(({ client, revision }) => client === 'sluice' && revision === undefined)
  process.stdout.write(`\n${name}: ${about}; median of ${rounds}\n`)
  for (const result of medians) {
    const ratio = own !== undefined && result !== own ? `  sluice is ${speedRatio(own, result).toFixed(1)}x` : ''
    process.stdout.write(`  ${(result.revision ?? result.client).padEnd(14)}${figuresOf(result)}${ratio}\n`)
  }
  for (const [contestant, reason] of reasons) process.stdout.write(`  ${contestant.padEnd(14)}not measured: ${reason}\n`)
}

function figuresOf({ recordsPerSec, mbPerSec, cpuSec, rssMb, p50Ms, p99Ms, growthMb, ms, nsPerRecord, throughputKept }: Result): string {
  const figures = [
    recordsPerSec === undefined ? '' : `${String(recordsPerSec).padStart(10)} records/s`,
    mbPerSec === undefined ? '' : `${mbPerSec.toFixed(1).padStart(8)} MB/s`,
    cpuSec === undefined ? '' : `cpu ${cpuSec.toFixed(1)} s`,
    ms === undefined ? '' : `${ms.toFixed(1).padStart(10)} ms`,
    rssMb === undefined ? '' : `rss ${rssMb} MB`,
    nsPerRecord === undefined ? '' : `${nsPerRecord.toFixed(1).padStart(10)} ns a record`,
    throughputKept === undefined ? '' : `${(throughputKept * 100).toFixed(1).padStart(10)} % of the throughput kept`,
    p99Ms === undefined ? '' : `p50 ${p50Ms} ms  p99 ${p99Ms} ms`,
    growthMb === undefined ? '' : `grew ${growthMb} MB in the second half`,
  ]
  return figures.filter((figure) => figure !== '').join('  ')
}
