import assert from 'node:assert/strict'
import { KafkaError } from '../../errors.ts'
import { isPromise } from '../../interceptor/hook-call.ts'
import { type Headers, RecordHeaders } from '../../record/headers.ts'
import { normalizeRecord, type ProducerRecord } from '../../record/producer-record.ts'
import type { RecordMetadata } from '../../record/record-metadata.ts'
import type { SerializedRecord } from '../../record/serialized-record.ts'
import { recordOf } from '../record-of.ts'
import { recordContext } from '../test-context.ts'
import type { AnyInterceptor, Check, InterceptorContractOptions, InterceptorFactory } from './contract-options.ts'
import { outcomeOf } from './outcome.ts'
import { type Sample, samples, serialized } from './samples.ts'
import { Subject } from './subject.ts'
import { assertKept, assertNotMutated, frozen, keysOf, snapshotOf } from './unchanged.ts'

type ProducerHook = 'onSend' | 'onSerialized'

/** What the producer's hooks promise, for records of every kind and every end that a record can come to. */
export function producerChecks(
  factory: InterceptorFactory,
  options: InterceptorContractOptions,
  interceptor: AnyInterceptor,
): readonly Check[] {
  const use = (check: (subject: Subject) => unknown): Promise<void> => Subject.use(factory, options, check)
  const hooks = (['onSend', 'onSerialized'] as const).filter((hook) => interceptor[hook] !== undefined)
  const perSample = hooks.flatMap((hook) =>
    samples(options.record).map(({ what }, index) => ({
      title: `${hook} given ${what}: a record or a verdict, and what the caller holds stays as it is`,
      run: () =>
        use(async (subject) => {
          const record = frozen(recordFor(hook, samples(options.record)[index]!))
          const before = snapshotOf(record)
          const outcome = await pass(subject, hook, record, options)
          assertNotMutated(hook, before)
          if (outcome === null) return
          if (hook === 'onSend') normalizeRecord(outcome)
          assertKept(hook, before, outcome, options)
        }),
    })),
  )
  const resent = hooks.map((hook) => ({
    title: `${hook} adds no header a second time when a record passes again`,
    run: () =>
      use(async (subject) => {
        for (const sample of samples(options.record)) {
          const once = await pass(subject, hook, recordFor(hook, sample), options)
          const afresh = await pass(subject, hook, recordFor(hook, sample), options)
          if (once === null || afresh === null) continue
          assert.deepEqual(keysOf(afresh.headers), keysOf(once.headers), `${hook} gave the same record other headers (${sample.what})`)
          const keys = keysOf(once.headers)
          const again = await pass(subject, hook, { ...once, headers: RecordHeaders.from(once.headers) } as never, options)
          if (again === null || options.changes?.includes('headers')) continue
          assert.deepEqual(
            [...keysOf(again.headers)].sort(),
            [...keys].sort(),
            `${hook}: headers pile up; use set, not add (${sample.what})`,
          )
        }
      }),
  }))
  const endings =
    interceptor.onAcknowledgement === undefined
      ? []
      : ends.map(({ what, metadata, error }) => ({
          title: `onAcknowledgement takes ${what}`,
          run: () =>
            use(async (subject) => {
              for (const sample of samples(options.record)) {
                const context = recordContext()
                const record = recordOf(sample.init)
                if (hooks.includes('onSend'))
                  await outcomeOf(subject, 'onSend', () => subject.interceptor.onSend!(record, context), { ...options, async: true })
                acknowledge(subject, metadata, error, record.headers, context)
              }
              acknowledge(subject, metadata, error, new RecordHeaders(), recordContext())
            }),
        }))
  return [...perSample, ...resent, ...endings]
}

interface End {
  readonly what: string
  readonly metadata: RecordMetadata
  readonly error: KafkaError | null
}

const unsent: RecordMetadata = {
  topic: 'contract',
  partition: -1,
  offset: -1,
  timestamp: -1,
  serializedKeySize: -1,
  serializedValueSize: -1,
}
const written: RecordMetadata = {
  ...unsent,
  partition: 3,
  offset: 42,
  timestamp: 1_700_000_000_123,
  serializedKeySize: 4,
  serializedValueSize: 5,
}

/** Each end comes with read-only headers, to records that were seen and to one that was not. */
const ends: readonly End[] = [
  { what: 'a success', metadata: written, error: null },
  { what: 'a success without an offset (acks: 0)', metadata: { ...written, offset: -1 }, error: null },
  { what: 'a failure before a partition was chosen', metadata: unsent, error: new KafkaError('TIMEOUT', 'no metadata within maxBlockMs') },
  { what: 'a failure in a batch', metadata: { ...unsent, partition: 3 }, error: new KafkaError('NOT_ENOUGH_REPLICAS', 'too few replicas') },
  { what: 'a dropped record', metadata: { ...unsent, dropped: 'by another interceptor' }, error: null },
  { what: 'a dead-lettered record', metadata: { ...written, topic: 'contract.dlq', deadLettered: 'broken' }, error: null },
  { what: 'a record in whose place others were sent', metadata: { ...written, emitted: [written, written] }, error: null },
]

function acknowledge(
  { interceptor }: Subject,
  metadata: RecordMetadata,
  error: KafkaError | null,
  headers: Headers,
  context: ReturnType<typeof recordContext>,
): void {
  const readOnly = RecordHeaders.from(headers).setReadOnly()
  const returned: unknown = interceptor.onAcknowledgement!(Object.freeze({ ...metadata }), error, readOnly, context)
  assert.ok(!isPromise(returned), 'onAcknowledgement returned a promise, which nobody awaits')
}

function recordFor(hook: ProducerHook, sample: Sample): ProducerRecord | SerializedRecord {
  return hook === 'onSend' ? recordOf(sample.init) : serialized(sample)
}

/** The record as it came out; null for a verdict or a refusal. */
async function pass(
  subject: Subject,
  hook: ProducerHook,
  record: ProducerRecord | SerializedRecord,
  options: InterceptorContractOptions,
): Promise<ProducerRecord | null> {
  const { interceptor } = subject
  const context = recordContext()
  const call = (): unknown =>
    hook === 'onSend' ? interceptor.onSend!(record, context) : interceptor.onSerialized!(record as SerializedRecord, context)
  const outcome = await outcomeOf<ProducerRecord>(subject, hook, call, options)
  if (outcome.what !== 'record') return null
  if (hook === 'onSerialized') assertBytes(record, outcome.record)
  return outcome.record
}

function assertBytes(
  given: { readonly topic: string; readonly partition: number | undefined },
  { topic, partition, key, value }: ProducerRecord,
): void {
  assert.ok(
    topic === given.topic && partition === given.partition,
    'onSerialized changed the topic or the partition; change them in onSend',
  )
  for (const [what, bytes] of Object.entries({ key, value })) {
    assert.ok((bytes ?? null) === null || bytes instanceof Uint8Array, `onSerialized returned a ${what} that is no bytes`)
  }
}
