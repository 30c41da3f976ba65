import assert from 'node:assert/strict'
import { isPromise } from '../../interceptor/hook-call.ts'
import type { ConsumerRecord } from '../../record/consumer-record.ts'
import { ConsumerRecords, JudgedRecord, judgedIn } from '../../record/consumer-records.ts'
import type { RawRecord } from '../../record/serialized-record.ts'
import { consumeContext, recordContext } from '../test-context.ts'
import type { AnyInterceptor, Check, InterceptorContractOptions, InterceptorFactory } from './contract-options.ts'
import { assertVerdict, outcomeOf } from './outcome.ts'
import { polled, raw, type Sample, samples } from './samples.ts'
import { Subject } from './subject.ts'
import { assertKept, assertNotMutated, snapshotOf } from './unchanged.ts'

/** What `onFetched`, `onConsume` and `onCommit` promise. */
export function consumerChecks(
  factory: InterceptorFactory,
  options: InterceptorContractOptions,
  interceptor: AnyInterceptor,
): readonly Check[] {
  const use = (check: (subject: Subject) => unknown): Promise<void> => Subject.use(factory, options, check)
  const every = samples(options.record)
  const fetched = every.map(({ what }, index) => ({
    title: `onFetched given ${what}: a record or a verdict, and what was fetched stays as it is`,
    run: () =>
      use(async (subject) => {
        const record = Object.freeze(raw(samples(options.record)[index]!))
        const before = snapshotOf(record)
        const call = (): unknown => subject.interceptor.onFetched!(record, recordContext())
        const outcome = await outcomeOf<RawRecord>(subject, 'onFetched', call, options)
        assertNotMutated('onFetched', before)
        if (outcome.what !== 'record') return
        const after = outcome.record
        assert.deepEqual(
          [after.partition, after.offset],
          [record.partition, record.offset],
          'onFetched changed the partition or the offset',
        )
        assertKept('onFetched', before, after, options)
        for (const part of ['key', 'value'] as const) {
          assert.ok((after[part] ?? null) === null || after[part] instanceof Uint8Array, `onFetched returned a ${part} that is no bytes`)
        }
      }),
  }))
  const polls: readonly (readonly [what: string, take: (of: readonly Sample[]) => readonly Sample[]])[] = [
    ['no records', () => []],
    ...every.map(({ what }, index) => [`${what}, in two partitions`, (of: readonly Sample[]) => [of[index]!]] as const),
    ['records of every kind', (of) => of],
  ]
  const consumed = polls.map(([what, take]) => ({
    title: `onConsume given ${what}: order, offsets and positions stay`,
    run: () => use((subject) => checkConsume(subject, polled(take(samples(options.record))), options)),
  }))
  const commits: readonly Check[] = [
    {
      title: 'onCommit takes an empty list, and offsets of partitions it never saw',
      run: () =>
        use(async ({ interceptor }) => {
          for (const offsets of [[], [{ topic: 'never-seen', partition: 9, offset: 0 }]]) {
            assertCommitted(interceptor.onCommit!(Object.freeze(offsets), { committed: [] }))
          }
        }),
    },
    {
      title: 'onCommit takes what was consumed before',
      run: () =>
        use(async (subject) => {
          const context = consumeContext()
          const records = polled(samples(options.record))
          if (interceptor.onConsume !== undefined) {
            const call = (): unknown => subject.interceptor.onConsume!(records, context)
            await outcomeOf(subject, 'onConsume', call, { ...options, async: true })
          }
          const offsets = records.nextOffsets.map((next) => Object.freeze({ ...next }))
          assertCommitted(subject.interceptor.onCommit!(Object.freeze(offsets), context.commitContext()))
        }),
    },
  ]
  return [
    ...(interceptor.onFetched === undefined ? [] : fetched),
    ...(interceptor.onConsume === undefined ? [] : consumed),
    ...(interceptor.onCommit === undefined ? [] : commits),
  ]
}

async function checkConsume(subject: Subject, records: ConsumerRecords, options: InterceptorContractOptions): Promise<void> {
  const given = [...records]
  const before = new Map(given.map((record) => [placeOf(record), snapshotOf(record)]))
  for (const record of given) Object.freeze(record)
  const call = (): unknown => subject.interceptor.onConsume!(records, consumeContext())
  const outcome = await outcomeOf<ConsumerRecords>(subject, 'onConsume', call, options)
  for (const snapshot of before.values()) assertNotMutated('onConsume', snapshot)
  if (outcome.what !== 'record') return
  const after = outcome.record
  assert.ok(after instanceof ConsumerRecords, 'onConsume must return ConsumerRecords: use records.filter and records.map')
  assert.deepEqual(
    after.nextOffsets,
    records.nextOffsets,
    'onConsume lost nextOffsets: use records.filter and records.map, which keep them',
  )
  for (const { entries } of judgedIn(after) ?? []) {
    for (const entry of entries) if (entry instanceof JudgedRecord) assertVerdict('onConsume', entry.verdict)
  }
  for (const { topic, partition, records: held } of after.byPartition()) {
    let last = -1
    for (const record of held) {
      assert.ok(record.offset >= last, `onConsume changed the order in ${topic}-${partition}`)
      last = record.offset
      const snapshot = before.get(placeOf(record))
      assert.ok(snapshot !== undefined, `onConsume changed a partition or an offset: there was none at ${placeOf(record)}`)
      assertKept('onConsume', snapshot, record, options)
    }
  }
}

function placeOf({ topic, partition, offset }: ConsumerRecord): string {
  return `${topic}-${partition} offset ${offset}`
}

function assertCommitted(returned: unknown): void {
  assert.ok(!isPromise(returned), 'onCommit returned a promise, which nobody awaits')
}
