import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AlertRow, AlertRule } from '../api-types.ts'
import { type Simulation, simulate } from '../simulator/simulator.ts'
import { AlertEngine } from './alerts.ts'
import { MonitorState } from './monitor-state.ts'
import { countOf } from './offset-ranges.ts'
import { applyAll } from './testing.ts'

const HOUR_MS = 3_600_000

/** Looks every five seconds, as a collector does. */
function evaluated(simulation: Simulation, rules: readonly AlertRule[]) {
  const state = new MonitorState()
  const engine = new AlertEngine(rules)
  const changes: AlertRow[] = []
  let at = simulation.events[0]!.at
  for (const event of simulation.events) {
    for (; event.at >= at + 5000; at += 5000) changes.push(...engine.evaluate(state, at))
    applyAll(state, [event])
  }
  changes.push(...engine.evaluate(state, simulation.endsAt))
  return { state, engine, changes }
}

test('alerts - a rule for missing records names exactly those that are missing, and nothing where none are', () => {
  let loss = 0
  for (let seed = 1; seed <= 30; seed++) {
    const simulation = simulate(seed)
    const { engine } = evaluated(simulation, [{ name: 'lost', metric: 'missing', above: 0 }])
    const expected = simulation.truth.flatMap(({ topic, group, partition, missing }) => {
      return missing.flatMap((first, index) => (index % 2 === 0 ? [`${topic} ${group} ${partition} ${first} ${missing[index + 1]}`] : []))
    })
    const named = engine.active.flatMap(({ topic, group, ranges }) =>
      ranges.map(({ partition, first, count }) => `${topic} ${group} ${partition} ${first} ${count}`),
    )
    assert.deepEqual(named.sort(), expected.sort(), `seed ${seed}`)
    loss += simulation.truth.reduce((sum, { missing }) => sum + countOf(missing), 0)
  }
  assert.ok(loss > 0)
})

/** A simulation with loss. */
function lossy(): Simulation {
  for (let seed = 1; ; seed++) {
    const simulation = simulate(seed)
    if (simulation.truth.some(({ missing }) => missing.length > 0)) return simulation
  }
}

test('alerts - an alert begins once, keeps its id while its value changes, and ends an hour after the last finding', () => {
  const simulation = lossy()
  const { state, engine, changes } = evaluated(simulation, [{ name: 'lost', metric: 'missing', above: 0 }])
  const [alert] = engine.active
  assert.deepEqual(
    [...new Set(changes.filter(({ topic, group }) => topic === alert!.topic && group === alert!.group).map(({ id }) => id))],
    [alert!.id],
  )
  assert.deepEqual(engine.evaluate(state, simulation.endsAt + 1000), [])
  const later = simulation.endsAt + HOUR_MS
  const over = engine.evaluate(state, later)
  assert.ok(over.every(({ until }) => until === later))
  assert.equal(engine.active.length, 0)
  assert.equal(engine.history.length, over.length)
})

test('alerts - with forMs a rule must hold for so long without a break', () => {
  const simulation = lossy()
  const state = applyAll(new MonitorState(), simulation.events)
  const engine = new AlertEngine([{ name: 'lost', metric: 'missing', above: 0, forMs: 60_000 }])
  const at = simulation.endsAt
  assert.deepEqual(engine.evaluate(state, at), [])
  assert.deepEqual(engine.evaluate(state, at + 59_999), [])
  const [alert] = engine.evaluate(state, at + 60_000)
  assert.equal(alert!.since, at)
})

test('alerts - an engine that starts again goes on with what was active', () => {
  const simulation = lossy()
  const rules: AlertRule[] = [{ name: 'lost', metric: 'missing', above: 0 }]
  const { state, engine } = evaluated(simulation, rules)
  const again = new AlertEngine(rules, [...engine.active, ...engine.history])
  assert.deepEqual(again.evaluate(state, simulation.endsAt), [])
  assert.deepEqual(again.active, engine.active)
})

test('alerts - dead clients and clocks that are off', () => {
  let dead = 0
  let off = 0
  for (let seed = 1; seed <= 30; seed++) {
    const simulation = simulate(seed)
    const { state, engine } = evaluated(simulation, [
      { name: 'dead', metric: 'deadClients', above: 0 },
      { name: 'clock', metric: 'clockOffsetMs', above: 1000 },
    ])
    const names = engine.active.map(({ rule }) => rule)
    const sessions = [...state.sessions.values()]
    const isDead = sessions.some((session) => session.stateAt(simulation.endsAt) === 'dead')
    assert.equal(names.includes('dead'), isDead, `seed ${seed}`)
    const isOff = sessions.some((session) => session.stateAt(simulation.endsAt) === 'live' && Math.abs(session.clock?.aheadMs ?? 0) > 1100)
    assert.equal(names.includes('clock'), isOff, `seed ${seed}`)
    dead += Number(isDead)
    off += Number(isOff)
  }
  assert.ok(dead > 0 && off > 0)
})
