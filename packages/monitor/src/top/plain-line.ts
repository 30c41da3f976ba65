import { clockTime, compact, duration, exact, plural, type TimeZone } from './figures.ts'
import { asciiGlyphs, unicodeGlyphs } from './glyphs.ts'
import type { Snapshot } from './snapshot.ts'
import { lostRecords, sortStreams } from './stream-figures.ts'
import { streamName } from './streams-view.ts'
import { printable } from './text.ts'

/** All streams in one line, for logs: sums, and the stream that is worst off. */
export function summaryLine(
  { streams: { now, streams }, alerts }: Snapshot,
  { ascii, zone }: { readonly ascii: boolean; readonly zone: TimeZone },
): string {
  const read = streams.filter(({ group }) => group !== null)
  const sum = (figure: (row: (typeof read)[number]) => number): number => read.reduce((total, row) => total + figure(row), 0)
  const topics = new Map(streams.map(({ topic, producedPerSec }) => [topic, producedPerSec]))
  const produced = [...topics.values()].reduce((total, rate) => total + rate, 0)
  const parts = [
    clockTime(now, zone),
    plural(streams.length, 'stream'),
    `produced ${compact(produced)}/s`,
    `consumed ${compact(sum((row) => row.consumedPerSec))}/s`,
    `missing ${exact(sum((row) => row.missing))}`,
    `redelivered ${exact(sum((row) => row.redelivered))}`,
    `lag ${exact(sum((row) => row.lag))}`,
    `behind ${duration(Math.max(0, ...read.map((row) => row.lagMs)))}`,
    `alerts ${alerts === null ? '?' : alerts.active.length}`,
  ]
  const [worst] = sortStreams(read, 'worst')
  if (worst !== undefined && lostRecords(worst) > 0) parts.push(`worst ${streamName(worst, ascii ? asciiGlyphs : unicodeGlyphs)}`)
  return printable(parts.join('  '), ascii)
}
