import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../simulator/random.ts'
import { type SimulatedEvent, type Simulation, simulate } from '../simulator/simulator.ts'
import { MemoryStore } from '../store/memory-store.ts'
import type { MonitorStore } from '../store/monitor-store.ts'
import { MonitorState } from './monitor-state.ts'
import { countOf } from './offset-ranges.ts'
import { applyAll, assertTruth, everyAnswer, judgementOf, kinds } from './testing.ts'

/** `SEED=17 node --test ...` runs one alone. */
const only = process.env.SEED === undefined ? undefined : Number(process.env.SEED)

function seeds(count: number): number[] {
  return only === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [only]
}

test('exactness - 300 runs: every offset is what the truth says, and at no time there was a false alarm', () => {
  const found: Record<string, number> = {}
  for (const seed of seeds(300)) {
    const simulation = simulate(seed)
    const state = new MonitorState()
    let lookAt = 0
    for (const event of simulation.events) {
      if (event.at >= lookAt) {
        assertNoFalseAlarm(state, simulation, event.at, seed)
        lookAt = event.at + 7000
      }
      applyAll(state, [event])
    }
    assertTruth(state, simulation, seed)
    for (const truth of simulation.truth) for (const kind of kinds) found[kind] = (found[kind] ?? 0) + countOf(truth[kind])
  }
  // Faults that never happen prove nothing.
  if (only === undefined) for (const kind of kinds) assert.ok(found[kind]! > 100, `only ${found[kind]} ${kind}`)
})

/** Missing: truly committed past by then, and given to nobody until then. Who went back for it later has found it again. */
function assertNoFalseAlarm(state: MonitorState, { truth: truths }: Simulation, now: number, seed: number): void {
  for (const truth of truths) {
    const missing = judgementOf(state, truth, now)?.missing ?? []
    for (let index = 0; index < missing.length; index += 2) {
      for (let offset = missing[index]!; offset < missing[index]! + missing[index + 1]!; offset++) {
        const where = `seed ${seed}: ${truth.topic}/${truth.partition} ${truth.group} ${offset} called missing at ${now}`
        const passed = truth.committedAt.find((step) => step.offset > offset)
        assert.ok(passed !== undefined && passed.at <= now, `${where}, not committed past`)
        const givenAt = truth.givenAt.get(offset) ?? Number.POSITIVE_INFINITY
        assert.ok(givenAt > passed.at, `${where}, given out at ${givenAt}`)
      }
    }
  }
}

test('exactness - reports in any order, and any of them twice, make the same answers', () => {
  for (const seed of seeds(40)) {
    const simulation = simulate(seed)
    const random = new Random(seed)
    const inOrder = applyAll(new MonitorState(), simulation.events)
    const mixed = random.shuffled([...simulation.events, ...simulation.events.filter(() => random.chance(0.3))])
    const shuffled = applyAll(new MonitorState(), mixed)
    assert.deepEqual(everyAnswer(shuffled, simulation), everyAnswer(inOrder, simulation), `seed ${seed}`)
  }
})

/** As a collector does it: reports are kept at once, notes now and then. */
function collect(store: MonitorStore, state: MonitorState, events: readonly SimulatedEvent[]): void {
  for (const event of events) {
    if (event.taken !== undefined) store.write({ reports: [event.taken] })
    applyAll(state, [event])
  }
  store.write({ reports: [], notes: state.takeNotes() })
}

function restored(store: MonitorStore): MonitorState {
  const state = new MonitorState()
  for (const taken of store.reportsAfter(0)) state.restore(taken)
  for (const note of store.notesAfter(0)) state.restoreNote(note)
  return state
}

test('exactness - a collector that starts again anywhere, and reads some reports again, knows the same', () => {
  for (const seed of seeds(100)) {
    const simulation = simulate(seed)
    const random = new Random(seed)
    const { events } = simulation
    const store = new MemoryStore()
    let state = new MonitorState()
    let done = 0
    while (done < events.length) {
      const next = Math.min(events.length, done + random.from(1, events.length))
      collect(store, state, events.slice(done, next))
      state = restored(store)
      done = Math.max(1, next === events.length ? next : next - random.from(0, Math.min(20, next - done - 1 > 0 ? next - done - 1 : 0)))
    }
    assertTruth(state, simulation, seed)
  }
})

test('exactness - two collectors that share the reports and a store know together what one knows alone', () => {
  for (const seed of seeds(100)) {
    const simulation = simulate(seed)
    const store = new MemoryStore()
    const states = [new MonitorState(), new MonitorState()]
    const revisions = [0, 0]
    for (const [index, event] of simulation.events.entries()) {
      // By session, as the report topic is keyed; each asks the cluster by itself.
      const shares = event.taken === undefined ? [0, 1] : [Number.parseInt(event.taken.report.session.slice(-1), 16) % 2]
      for (const share of shares) collectShared(store, states[share]!, event)
      if (index % 10 === 0 || index === simulation.events.length - 1) for (const share of [0, 1]) takeOver(store, states, revisions, share)
    }
    for (const state of states) assertTruth(state, simulation, seed)
  }
})

function collectShared(store: MonitorStore, state: MonitorState, event: SimulatedEvent): void {
  if (event.taken !== undefined) store.write({ reports: [event.taken] })
  applyAll(state, [event])
}

/** What the other one kept. */
function takeOver(store: MonitorStore, states: readonly MonitorState[], revisions: number[], share: number): void {
  const state = states[share]!
  store.write({ reports: [], notes: states[1 - share]!.takeNotes() })
  for (const taken of store.reportsAfter(revisions[share]!)) state.restore(taken)
  for (const note of store.notesAfter(revisions[share]!)) state.restoreNote(note)
  revisions[share] = store.revision
}

test('exactness - when cells cannot tell all, nothing is called missing that was given out', () => {
  for (const seed of seeds(60)) {
    const simulation = simulate(seed, { maxRanges: 3 })
    const state = applyAll(new MonitorState(), simulation.events)
    assertNoFalseAlarm(state, simulation, simulation.endsAt, seed)
  }
})
