import { RecordHeaders } from '../../record/headers.ts'
import type { RecordMetadata } from '../../record/record-metadata.ts'
import { recordOf } from '../record-of.ts'
import { consumeContext, recordContext } from '../test-context.ts'
import type { InterceptorContractOptions } from './contract-options.ts'
import { polled, raw, type Sample, samples, serialized } from './samples.ts'
import type { Subject } from './subject.ts'

/** Every hook the interceptor has, for every sample; what they do is for other checks. The errors come back. */
export async function walk(subject: Subject, options: InterceptorContractOptions): Promise<readonly unknown[]> {
  const { interceptor } = subject
  const errors: unknown[] = []
  const attempt = async (hook: string, call: () => unknown): Promise<void> => {
    try {
      await subject.settled(call(), hook)
    } catch (error) {
      errors.push(error)
    }
  }
  const every = samples(options.record)
  for (const sample of every) await produce(subject, sample, attempt)
  for (const sample of every) await attempt('onFetched', () => interceptor.onFetched?.(raw(sample), recordContext()))
  const context = consumeContext()
  const records = polled(every)
  await attempt('onConsume', () => interceptor.onConsume?.(records, context))
  for (const record of polled(every)) {
    await attempt('handle', () => interceptor.handle?.(record, async () => {}, recordContext()))
    await attempt('handle', () => interceptor.handle?.(record, () => Promise.reject(new Error('of the handler')), recordContext()))
  }
  for (const batch of polled(every).byPartition()) {
    await attempt('handleBatch', () => interceptor.handleBatch?.(batch, async () => {}, consumeContext()))
  }
  await attempt('onCommit', () => interceptor.onCommit?.(records.nextOffsets, context.commitContext()))
  return errors
}

async function produce(
  { interceptor }: Subject,
  sample: Sample,
  attempt: (hook: string, call: () => unknown) => Promise<void>,
): Promise<void> {
  const context = recordContext()
  await attempt('onSend', () => interceptor.onSend?.(recordOf(sample.init), context))
  await attempt('onSerialized', () => interceptor.onSerialized?.(serialized(sample), context))
  const headers = RecordHeaders.from(sample.init.headers).setReadOnly()
  const metadata: RecordMetadata = {
    topic: sample.init.topic,
    partition: 3,
    offset: 42,
    timestamp: 1_700_000_000_123,
    serializedKeySize: 1,
    serializedValueSize: 1,
  }
  await attempt('onAcknowledgement', () => interceptor.onAcknowledgement?.(metadata, null, headers, context))
}
