import type { CompressionType } from 'sluice'

/** How a case is run: awaited single sends, the client's best loop, sends at a fixed pace, a fixed amount, or reading. */
export type CaseKind = 'awaited' | 'loop' | 'latency' | 'memory' | 'consume'

export interface Case {
  readonly name: string
  readonly kind: CaseKind
  readonly about: string
  readonly settings: {
    readonly valueBytes: number
    readonly compression: CompressionType
    readonly lingerMs?: number
    readonly batchBytes?: number
    /** Values that compress as log lines do, instead of one repeated byte. */
    readonly text?: boolean
  }
  /** Clients that cannot do it, with the reason. */
  readonly without?: Readonly<Record<string, string>>
}

const noSingleSends = { kcat: 'sends a file; it has no calls to await' }

export const cases: readonly Case[] = [
  {
    name: 'produce/awaited',
    kind: 'awaited',
    about: '1,000 callers, each awaiting its own send',
    settings: { valueBytes: 100, compression: 'none' },
    without: noSingleSends,
  },
  {
    name: 'produce/loop',
    kind: 'loop',
    about: 'one loop, default options, each client in its fastest way',
    settings: { valueBytes: 100, compression: 'none' },
  },
  {
    name: 'produce/loop-1k',
    kind: 'loop',
    about: 'one loop, default options, values of 1 KiB',
    settings: { valueBytes: 1024, compression: 'none' },
  },
  {
    name: 'produce/loop-128k',
    kind: 'loop',
    about: 'one loop, batches of 128 KiB',
    settings: { valueBytes: 100, compression: 'none', batchBytes: 128 * 1024 },
  },
  {
    name: 'produce/zstd-1k',
    kind: 'loop',
    about: 'one loop, text values of 1 KiB, zstd',
    settings: { valueBytes: 1024, compression: 'zstd', text: true },
  },
  {
    name: 'produce/lz4-1k',
    kind: 'loop',
    about: 'one loop, text values of 1 KiB, lz4',
    settings: { valueBytes: 1024, compression: 'lz4', text: true },
  },
  {
    name: 'produce/latency',
    kind: 'latency',
    about: '10,000 awaited sends a second, linger 0',
    settings: { valueBytes: 100, compression: 'none', lingerMs: 0 },
    without: noSingleSends,
  },
  { name: 'produce/memory', kind: 'memory', about: 'resident set while 2 GB pass', settings: { valueBytes: 1024, compression: 'none' } },
  { name: 'consume', kind: 'consume', about: '500,000 records by a group of one', settings: { valueBytes: 100, compression: 'none' } },
]

export const CONSUME_RECORDS = 500_000
export const MEMORY_BYTES = 2e9

/**
 * So many that they do not come again within a batch: librdkafka's takes a megabyte, and with fewer values its second half
 * would be one long match with its first.
 */
const TEXT_VALUES = 8192

/** The values that a case sends in turn. Text is made of words in random order, the same in every run. */
export function valuesOf({ settings }: Case): Buffer[] {
  if (!settings.text) return [Buffer.alloc(settings.valueBytes, 'x')]
  const words = [
    'GET',
    'POST',
    '/api/orders',
    '/api/users',
    'status=200',
    'status=404',
    'ms=',
    'user=',
    'session',
    'timeout',
    'retry',
    'host=web-',
    'error',
    'info',
  ]
  let state = 12345
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
  return Array.from({ length: TEXT_VALUES }, () => {
    let text = ''
    while (text.length < settings.valueBytes) text += `${words[random(words.length)]}${random(100_000)} `
    return Buffer.from(text.slice(0, settings.valueBytes))
  })
}
