import type { TestContext } from 'node:test'
import fc from 'fast-check'
import type { BatchRecord } from '../record-batch-builder.ts'

/** SEED repeats a run. */
const seed = Number(process.env.SEED ?? Date.now() % 0x7fffffff)

/** Parameters for `fc.assert`; prints the seed, so that a failure can be repeated with SEED. */
export function seeded(t: TestContext, numRuns: number): { seed: number; numRuns: number } {
  t.diagnostic(`SEED=${seed}`)
  return { seed, numRuns }
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

const header = fc
  .record({
    // Few keys, so that duplicates occur.
    key: fc.oneof(fc.constantFrom('', 'a', 'trace'), fc.string({ unit: 'grapheme', maxLength: 40 })),
    value: fc.option(bytes(80)),
  })
  .map(({ key, value }) => ({ key, value }))

export type PlainRecord = Required<Omit<BatchRecord, 'offsetDelta' | 'headers'>> & {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: { key: string; value: Buffer | null }[]
  readonly offsetDelta: number
}

/** Records of one batch: rising offsets with gaps, times in any order, nulls, empty values and headers. */
export const batchRecords: fc.Arbitrary<PlainRecord[]> = fc
  .array(
    fc.record({
      key: fc.option(bytes(60)),
      value: fc.option(
        fc.oneof(
          bytes(200),
          fc.nat(3000).map((n) => Buffer.alloc(n, 'log line ')),
        ),
      ),
      headers: fc.array(header, { maxLength: 4 }),
      timestamp: fc.integer({ min: 1700000000000, max: 1700000100000 }),
      gap: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(100000)),
    }),
    { maxLength: 40 },
  )
  .chain((records) => {
    // In some of the batches the times are far apart.
    const far = fc.option(fc.array(fc.integer({ min: 0, max: 2 ** 52 }), { minLength: records.length, maxLength: records.length }))
    return far.map((times) => {
      let offsetDelta = -1
      return records.map(({ gap, ...record }, place) => ({
        ...record,
        timestamp: times?.[place] ?? record.timestamp,
        offsetDelta: (offsetDelta += 1 + gap),
      }))
    })
  })
