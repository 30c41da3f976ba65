// What tests of applications and of interceptors stand on
export { CollectingLogger, type LogLine } from './collecting-logger.ts'
export type {
  InterceptorContractOptions,
  InterceptorFactory,
  RecordHook,
  RecordPart,
} from './contract/contract-options.ts'
export { interceptorContract } from './interceptor-contract.ts'
export { ManualClock } from './manual-clock.ts'
export type { MockTopics } from './mock-cluster.ts'
export { MockConsumer, type PollTask } from './mock-consumer.ts'
export type { MockConsumerOptions } from './mock-consumer-options.ts'
export { MockProducer } from './mock-producer.ts'
export type { MockProducerOptions } from './mock-producer-options.ts'
export {
  type BytesInit,
  type ConsumerRecordInit,
  consumerRecordOf,
  consumerRecordsOf,
  type RawRecordInit,
  rawRecordOf,
  recordOf,
  type SerializedRecordInit,
  serializedRecordOf,
} from './record-of.ts'
export {
  consumeContext,
  recordContext,
  type TestConsumeContext,
  type TestContext,
  type TestRecordContext,
  testContext,
} from './test-context.ts'
