import assert from 'node:assert/strict'
import type { InterceptorStats } from '../../interceptor/interceptor-stats.ts'
import type { Serializer } from '../../record/serdes.ts'
import { MockConsumer } from '../mock-consumer.ts'
import { MockProducer } from '../mock-producer.ts'
import { type TestContext, testContext } from '../test-context.ts'
import type { AnyInterceptor, Check, InterceptorContractOptions, InterceptorFactory } from './contract-options.ts'
import { samples } from './samples.ts'
import { settledInTime, TIMEOUT_MS } from './subject.ts'

/** Bytes stay bytes, strings are UTF-8, and anything else is JSON: the samples are of all kinds. */
const anySerializer: Serializer<any> = {
  serialize: (_topic, data) => (data instanceof Uint8Array ? data : Buffer.from(typeof data === 'string' ? data : JSON.stringify(data))),
}

/** The interceptor in the chain of a client: what it returns is obeyed, and no hook fails. */
export function clientChecks(
  factory: InterceptorFactory,
  options: InterceptorContractOptions,
  interceptor: AnyInterceptor,
): readonly Check[] {
  const { timeoutMs = TIMEOUT_MS } = options
  const make = (): { interceptor: AnyInterceptor; context: TestContext } => ({
    interceptor: factory() as AnyInterceptor,
    context: testContext(options.context),
  })
  const isProducers = ['onSend', 'onSerialized', 'onAcknowledgement'].some((hook) => hook in interceptor)
  const isConsumers = ['onFetched', 'onConsume', 'handle', 'handleBatch', 'onCommit'].some((hook) => hook in interceptor)
  const checks: (Check | false)[] = [
    isProducers && {
      title: 'in a producer every send ends, and no hook fails',
      run: async () => {
        const { interceptor, context } = make()
        const { clock, logger } = context
        const serializers = { keySerializer: anySerializer, valueSerializer: anySerializer }
        const producer = new MockProducer<any, any>({ clock, logger, ...serializers }, [interceptor])
        const settle = <T>(promise: Promise<T>, what: string): Promise<T> => settledInTime(promise, what, clock, timeoutMs)
        const sends = samples(options.record).map(({ init }) => producer.send(init).catch(() => undefined))
        await settle(Promise.all(sends), 'send')
        const stats = producer.interceptors.stats()[0]!
        await settle(producer.close(), 'close')
        assertNoFailure(stats, interceptor, context)
      },
    },
    isConsumers && {
      title: 'in a consumer every record comes to an end, and no hook fails',
      run: async () => {
        const { interceptor, context } = make()
        const { clock, logger } = context
        const consumer = new MockConsumer<any, any>({ clock, logger, keyDeserializer: asText, valueDeserializer: asText }, [interceptor])
        const settle = <T>(promise: Promise<T>, what: string): Promise<T> => settledInTime(promise, what, clock, timeoutMs)
        const every = samples(options.record)
        const { topic } = every[0]!.init
        consumer.assign([{ topic, partition: 0 }])
        for (const { init } of every) consumer.addRecord({ ...init, topic, partition: 0 })
        for (const handler of ['eachRecord', 'eachBatch'] as const) {
          const controller = new AbortController()
          // Records that are rejected come again for ever: a poll that fails is the end too.
          consumer.schedulePollTask(() => {
            consumer.scheduleNopPollTask()
            consumer.schedulePollTask(() => controller.abort())
          })
          await settle(
            consumer.run({ [handler]: () => {}, signal: controller.signal }).catch(() => undefined),
            'run',
          )
          consumer.seekToBeginning()
        }
        await settle(consumer.commit(), 'commit')
        const stats = consumer.interceptors.stats()[0]!
        await settle(consumer.close(), 'close')
        assertNoFailure(stats, interceptor, context)
      },
    },
  ]
  return checks.filter((check) => check !== false)
}

const asText = { deserialize: (_topic: string, data: Buffer): string => data.toString() }

/** One that may fail records may do so by throwing. */
function assertNoFailure({ errors }: InterceptorStats, { onError = 'continue' }: AnyInterceptor, { logger }: TestContext): void {
  if (onError === 'continue') assert.equal(errors, 0, `hooks failed: ${logger.messages('warn').join('; ')}`)
}
