import assert from 'node:assert/strict'
import type { ConsumerRecords } from '../../record/consumer-records.ts'
import { RecordHeaders } from '../../record/headers.ts'
import type { ProducerRecord } from '../../record/producer-record.ts'
import type { RawRecord, SerializedRecord } from '../../record/serialized-record.ts'
import { consumerRecordsOf, rawRecordOf, recordOf } from '../record-of.ts'
import { consumeContext, recordContext } from '../test-context.ts'
import type { AnyInterceptor, Check, InterceptorContractOptions, InterceptorFactory } from './contract-options.ts'
import { outcomeOf } from './outcome.ts'
import { samples, serialized } from './samples.ts'
import { Subject } from './subject.ts'
import { same } from './unchanged.ts'

/** Of a `paired` interceptor: what it does on produce, another instance of it undoes on consume. */
export function pairChecks(
  factory: InterceptorFactory,
  options: InterceptorContractOptions,
  interceptor: AnyInterceptor,
): readonly Check[] {
  if (interceptor.paired !== true) return []
  const checks: Check[] = []
  const both = (check: (sending: Subject, receiving: Subject) => Promise<void>): Promise<void> =>
    Subject.use(factory, options, (sending) => Subject.use(factory, options, (receiving) => check(sending, receiving)))
  const any = { ...options, async: true }
  for (const [index, { what }] of samples(options.record).entries()) {
    if (interceptor.onSerialized !== undefined && interceptor.onFetched !== undefined) {
      checks.push({
        title: `paired: onFetched gives back what onSerialized got, ${what}`,
        run: () =>
          both(async (sending, receiving) => {
            const given = serialized(samples(options.record)[index]!)
            const send = (): unknown => sending.interceptor.onSerialized!(given, recordContext())
            const sent = await outcomeOf<SerializedRecord>(sending, 'onSerialized', send, any)
            if (sent.what !== 'record') return
            const fetched = rawRecordOf({ ...sent.record, partition: 3, timestamp: 0, headers: RecordHeaders.from(sent.record.headers) })
            const receive = (): unknown => receiving.interceptor.onFetched!(fetched, recordContext())
            const received = await outcomeOf<RawRecord>(receiving, 'onFetched', receive, any)
            assert.equal(received.what, 'record', 'onFetched took away what onSerialized let pass')
            const { key, value } = (received as { record: RawRecord }).record
            const original = serialized(samples(options.record)[index]!)
            assertGivenBack('onFetched', { key, value }, original)
          }),
      })
    }
    if (interceptor.onSend !== undefined && interceptor.onConsume !== undefined) {
      checks.push({
        title: `paired: onConsume gives back what onSend got, ${what}`,
        run: () =>
          both(async (sending, receiving) => {
            const given = recordOf(samples(options.record)[index]!.init)
            const sent = await outcomeOf<ProducerRecord>(sending, 'onSend', () => sending.interceptor.onSend!(given, recordContext()), any)
            if (sent.what !== 'record') return
            const { topic, key, value, headers } = sent.record
            const records = consumerRecordsOf([{ topic, key, value, headers: RecordHeaders.from(headers) }])
            const receive = (): unknown => receiving.interceptor.onConsume!(records, consumeContext())
            const received = await outcomeOf<ConsumerRecords>(receiving, 'onConsume', receive, any)
            assert.equal(received.what, 'record', 'onConsume took away what onSend let pass')
            const [record] = (received as { record: ConsumerRecords }).record
            const original = recordOf(samples(options.record)[index]!.init)
            assertGivenBack('onConsume', { key: record?.key, value: record?.value }, original)
          }),
      })
    }
  }
  return checks
}

function assertGivenBack(hook: string, { key, value }: { key: unknown; value: unknown }, original: { key: unknown; value: unknown }): void {
  assert.ok(same(key ?? null, original.key), `${hook} did not give the key back as it was`)
  assert.ok(same(value ?? null, original.value), `${hook} did not give the value back as it was`)
}
