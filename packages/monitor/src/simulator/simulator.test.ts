import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkReport } from '../ingest/check-report.ts'
import { simulate } from './simulator.ts'

test('simulator - the same seed makes the same events and the same truth', () => {
  assert.deepEqual(simulate(7), simulate(7))
  assert.notDeepEqual(simulate(7).events, simulate(8).events)
})

test('simulator - its reports are ones that a collector accepts', () => {
  for (let seed = 1; seed <= 20; seed++) {
    for (const { taken } of simulate(seed).events) if (taken !== undefined) checkReport(structuredClone(taken.report))
  }
})

test('simulator - what is missing was committed past, was acknowledged, and was given to nobody until then', () => {
  let missing = 0
  for (let seed = 1; seed <= 60; seed++) {
    for (const truth of simulate(seed).truth) {
      for (let index = 0; index < truth.missing.length; index += 2) {
        for (let offset = truth.missing[index]!; offset < truth.missing[index]! + truth.missing[index + 1]!; offset++) {
          const passed = truth.committedAt.find((step) => step.offset > offset)
          assert.ok(passed !== undefined, `seed ${seed}`)
          assert.ok((truth.givenAt.get(offset) ?? Number.POSITIVE_INFINITY) > passed.at, `seed ${seed}`)
          missing++
        }
      }
    }
  }
  assert.ok(missing > 100)
})

test('simulator - reports come twice, late, out of order, and some not at all', () => {
  const faults = { doubled: 0, late: 0, skipped: 0, closed: 0, silent: 0 }
  for (let seed = 1; seed <= 30; seed++) {
    const taken = simulate(seed).events.flatMap((event) => event.taken ?? [])
    const bySession = Map.groupBy(taken, ({ report }) => report.session)
    for (const reports of bySession.values()) {
      const seqs = reports.map(({ report }) => report.seq)
      const distinct = new Set(seqs)
      if (distinct.size < seqs.length) faults.doubled++
      if (seqs.some((seq, index) => index > 0 && seq < seqs[index - 1]!)) faults.late++
      if (distinct.size <= Math.max(...seqs)) faults.skipped++
      faults[reports.some(({ report }) => report.event === 'close') ? 'closed' : 'silent']++
    }
  }
  for (const [name, count] of Object.entries(faults)) assert.ok(count > 5, `${name}: ${count}`)
})
