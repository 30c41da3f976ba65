import { readFileSync } from 'node:fs'
import { cpus, freemem, hostname, loadavg, totalmem } from 'node:os'

/** What is sampled, in turn. */
export const figureKinds = ['cpu', 'memory', 'load', 'disk', 'network'] as const
export type FigureKind = (typeof figureKinds)[number]

/** One sample: counters as they stand, and whether they moved since the last sample of the same kind. */
export interface MachineFigure {
  readonly kind: FigureKind
  readonly host: string
  readonly takenAt: string
  readonly unchanged: boolean
  readonly figures: Readonly<Record<string, number>>
}

const SECTOR_BYTES = 512

/** Reads this machine's CPU, memory, load, disk and network counters from node:os and, on Linux, /proc. */
export class MachineFigures {
  readonly #host = hostname()
  readonly #last = new Map<FigureKind, string>()
  #turn = 0

  /** The next sample; kinds follow one another. */
  next(now: Date): MachineFigure {
    const kind = figureKinds[this.#turn++ % figureKinds.length]!
    const figures = readFigures(kind)
    const text = JSON.stringify(figures)
    const unchanged = this.#last.get(kind) === text
    this.#last.set(kind, text)
    return { kind, host: this.#host, takenAt: now.toISOString(), unchanged, figures }
  }
}

function readFigures(kind: FigureKind): Record<string, number> {
  switch (kind) {
    case 'cpu':
      return cpuFigures()
    case 'memory':
      return { totalBytes: totalmem(), freeBytes: freemem(), residentBytes: process.memoryUsage.rss() }
    case 'load': {
      const [oneMinute, fiveMinutes, fifteenMinutes] = loadavg()
      return { oneMinute: oneMinute!, fiveMinutes: fiveMinutes!, fifteenMinutes: fifteenMinutes! }
    }
    case 'disk':
      return diskFigures(procFile('/proc/diskstats'))
    case 'network':
      return networkFigures(procFile('/proc/net/dev'))
  }
}

function cpuFigures(): Record<string, number> {
  let userMs = 0
  let systemMs = 0
  let idleMs = 0
  const cores = cpus()
  for (const { times } of cores) {
    userMs += times.user + times.nice
    systemMs += times.sys + times.irq
    idleMs += times.idle
  }
  return { cores: cores.length, userMs, systemMs, idleMs }
}

/** Whole disks only: partitions and loop devices would count the same bytes twice. */
export function diskFigures(diskstats: string): Record<string, number> {
  let readBytes = 0
  let writtenBytes = 0
  for (const line of diskstats.split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (!/^(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(fields[2] ?? '')) continue
    readBytes += Number(fields[5]) * SECTOR_BYTES
    writtenBytes += Number(fields[9]) * SECTOR_BYTES
  }
  return { readBytes, writtenBytes }
}

export function networkFigures(dev: string): Record<string, number> {
  let receivedBytes = 0
  let sentBytes = 0
  for (const line of dev.split('\n')) {
    const match = /^\s*([^:\s]+):\s*(.*)$/.exec(line)
    if (!match) continue
    const fields = match[2]!.trim().split(/\s+/)
    receivedBytes += Number(fields[0])
    sentBytes += Number(fields[8])
  }
  return { receivedBytes, sentBytes }
}

/** Empty where there is no /proc: the counters are 0 then. */
function procFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
