// kcat (librdkafka in C) as a peer: it sends a file of lines, or reads a topic to its end, and ends.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Case } from './cases.ts'

export function hasKcat(): boolean {
  return spawnSync('kcat', ['-V'], { stdio: 'ignore' }).status === 0
}

/** Seconds that kcat takes for `records` records, its start included, and its processor seconds and memory. */
export async function runKcat(
  { settings, kind }: Case,
  bootstrapServers: string,
  topic: string,
  values: readonly Buffer[],
  records: number,
): Promise<{ seconds: number; cpuSec: number; rssMb: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  try {
    const flags: string[] = []
    if (settings.batchBytes !== undefined) flags.push('-X', `batch.size=${settings.batchBytes}`)
    if (settings.compression !== 'none') flags.push('-z', settings.compression)
    // Idempotent and acks=all, as our defaults.
    if (kind !== 'consume') flags.push('-X', 'enable.idempotence=true')
    const lines = join(folder, 'lines')
    if (kind !== 'consume') {
      writeLines(lines, values, records)
      flags.push('-P', '-l', lines)
    } else {
      flags.push('-C', '-e', '-q', '-o', 'beginning', '-f', '%s\n')
    }
    const startedAt = performance.now()
    const child = spawn('/usr/bin/time', ['-f', '%U %S %M', 'kcat', '-b', bootstrapServers, '-t', topic, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let errors = ''
    child.stderr.on('data', (chunk) => (errors += chunk))
    const [code] = (await once(child, 'close')) as [number | null]
    const seconds = (performance.now() - startedAt) / 1000
    if (code !== 0) throw new Error(errors.trim().slice(-300))
    const [user, system, rssKb] = errors.trim().split('\n').at(-1)!.split(' ').map(Number) as [number, number, number]
    return { seconds, cpuSec: user + system, rssMb: Math.round(rssKb / 1024) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A megabyte at a time: the whole may be larger than a string or buffer can be. */
function writeLines(path: string, values: readonly Buffer[], records: number): void {
  const round = Buffer.concat(values.flatMap((value) => [value, Buffer.from('\n')]))
  const rounds = Math.max(1, Math.floor(2 ** 20 / round.length))
  const chunk = Buffer.concat(Array.from({ length: rounds }, () => round))
  const linesPerChunk = rounds * values.length
  const file = openSync(path, 'w')
  let left = records
  for (; left >= linesPerChunk; left -= linesPerChunk) writeSync(file, chunk)
  for (let n = 0; n < left; n++) writeSync(file, Buffer.concat([values[n % values.length]!, Buffer.from('\n')]))
  closeSync(file)
}
