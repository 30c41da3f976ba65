import assert from 'node:assert/strict'
import type { SimulatedEvent, Simulation } from '../simulator/simulator.ts'
import type { StreamTruth } from '../simulator/truth.ts'
import { clientsAnswer, statusAnswer } from './answers/clients.ts'
import { partitionsAnswer } from './answers/partitions.ts'
import { rangesAnswer } from './answers/ranges.ts'
import { seriesAnswer } from './answers/series.ts'
import { streamsAnswer } from './answers/streams.ts'
import type { Judgement } from './judgement.ts'
import type { MonitorState } from './monitor-state.ts'

export const kinds = ['missing', 'expired', 'pending', 'unverified', 'redelivered', 'replayed', 'unattributed', 'overwritten'] as const

export function applyAll(state: MonitorState, events: readonly SimulatedEvent[]): MonitorState {
  for (const { taken, facts } of events) {
    if (taken !== undefined) state.apply(taken)
    else state.applyFacts(facts)
  }
  return state
}

export function judgementOf(state: MonitorState, truth: StreamTruth, now: number): Judgement | undefined {
  const partition = state.partition(truth.topic, truth.partition)
  const group = partition.monitored(truth.group)
  return group === undefined ? undefined : state.judgement(partition, group, now)
}

/** Exactly the offsets of the truth, of every kind. */
export function assertTruth(state: MonitorState, { truth: truths, endsAt }: Simulation, seed: number): void {
  for (const truth of truths) {
    const judgement = judgementOf(state, truth, endsAt)
    const where = `seed ${seed}: ${truth.topic}/${truth.partition} ${truth.group}`
    for (const kind of kinds) assert.deepEqual([...(judgement?.[kind] ?? [])], [...truth[kind]], `${where} ${kind}`)
    assert.deepEqual(Object.fromEntries(judgement?.filtered ?? []), truth.filtered, `${where} filtered`)
  }
}

/** Everything that the API would say, without what counts how often it was told. */
export function everyAnswer(state: MonitorState, { truth, events, endsAt }: Simulation): unknown {
  const from = events[0]!.at
  const streams = streamsAnswer(state, endsAt)
  const names = [...new Set(truth.map(({ topic, group }) => JSON.stringify([topic, group])))].map((key) => JSON.parse(key))
  const answers = [
    streams,
    streamsAnswer(state, endsAt, { from: from + 20_000, to: from + 50_000 }),
    ...names.flatMap(([topic, group]) => [
      rangesAnswer(state, endsAt, topic, group),
      seriesAnswer(state, endsAt, { topic, group, from, to: endsAt }),
      partitionsAnswer(state, endsAt, topic, group),
    ]),
    clientsAnswer(state, endsAt),
    { ...statusAnswer(state, endsAt, 'test', []), reports: 0 },
  ]
  return answers.map((answer) => (answer === undefined ? undefined : { ...answer, revision: 0 }))
}
