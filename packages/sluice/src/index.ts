export {
  type ClusterDescription,
  type ConfigEntry,
  type ConfigResource,
  KafkaAdmin,
  type ListedOffset,
  type NewTopic,
  type OffsetSpec,
  type ResourceConfigs,
} from './admin/admin.ts'
export type { GroupDescription, GroupListing, GroupMemberDescription } from './admin/group-calls.ts'
export type { Clock, Timer } from './clock.ts'
export {
  type ConfigWatch,
  type ConsumerConfig,
  defineConfig,
  type LoadConfigOptions,
  loadConfig,
  type ProducerConfig,
  type SluiceConfig,
  type SluiceConfigFile,
  type WatchableClient,
  type WatchConfigOptions,
} from './config/load-config.ts'
export { type CallOptions, type ConsumerGroupMetadata, KafkaConsumer, type PollOptions } from './consumer/consumer.ts'
export type { Consumer } from './consumer/consumer-type.ts'
export type { FoundOffset, OffsetQuery } from './consumer/offset-finder.ts'
export type { RebalanceListener } from './consumer/rebalance-listener.ts'
export { RecordDeserializationError } from './consumer/record-deserialization-error.ts'
export type { RunOptions } from './consumer/record-runner.ts'
export {
  type ConnectionStateMessage,
  type ConsumerCommitMessage,
  type ConsumerPollMessage,
  type DiagnosticsChannelName,
  type DiagnosticsMessages,
  diagnosticsChannels,
  type InterceptorCallMessage,
  type InterceptorErrorMessage,
  type InterceptorStateMessage,
  type ProducerBatchMessage,
  type ProducerSendMessage,
} from './diagnostics.ts'
export { configError, isKafkaError, KafkaError, type KafkaErrorOptions, type LocalErrorCode } from './errors.ts'
export type { BreakerState } from './interceptor/circuit-breaker.ts'
export type { ConsumerInterceptor } from './interceptor/consumer-interceptor.ts'
export { deadLetterHeaderNames } from './interceptor/dead-letter.ts'
export type { InterceptorChain } from './interceptor/interceptor-chains.ts'
export type {
  ClusterResource,
  CommitContext,
  ConsumeContext,
  DisableAfter,
  InterceptorContext,
  InterceptorScope,
  InterceptorSettings,
  LeftOutRecord,
  NameSelector,
  OnError,
  RecordContext,
  TopicSelector,
} from './interceptor/interceptor-context.ts'
export {
  type CommonInterceptorOptions,
  commonOptions,
  type InterceptorOptionRow,
  type InterceptorOptionRows,
  interceptorOptions,
  nonEmptyString,
} from './interceptor/interceptor-options.ts'
export type { InterceptorStats } from './interceptor/interceptor-stats.ts'
export type { ProducerInterceptor } from './interceptor/producer-interceptor.ts'
export { consoleLogger, type LogFields, type Logger, silentLogger } from './logger.ts'
export { type ConsumerMetricName, consumerMetricMeanings, type ProducerMetricName, producerMetricMeanings } from './metrics/metric-names.ts'
export type { OAuthBearerToken, Provider, SaslOptions, SecurityProtocol, SslOptions } from './network/client-network-options.ts'
export type { Cluster, Node, PartitionInfo, TopicInfo } from './network/cluster.ts'
export type { AdminOptions } from './options/admin-options.ts'
export type { ConsumerOptions, PartitionAssignorName } from './options/consumer-options.ts'
export type { InterceptorEntry } from './options/interceptor-classes.ts'
export type { NetworkOptions } from './options/network-options.ts'
export type { CompressionType, Partitioner, ProducerOptions } from './options/producer-options.ts'
export { fromProperties, type PropertiesOptions } from './options/properties.ts'
export { KafkaProducer, type SendOptions, type WaitOptions } from './producer/producer.ts'
export type { Producer } from './producer/producer-type.ts'
export type { SendCallback } from './producer/record-thunks.ts'
export type { ConsumerRecord, TimestampType } from './record/consumer-record.ts'
export { ConsumerRecords, type PartitionRecords } from './record/consumer-records.ts'
export { type Header, type Headers, type HeadersInit, type HeaderValue, RecordHeaders } from './record/headers.ts'
export type { ProducerRecord, ProducerRecordInit } from './record/producer-record.ts'
export { checksumOf } from './record/record-audit.ts'
export type { RecordMetadata } from './record/record-metadata.ts'
export {
  bufferDeserializer,
  bufferSerializer,
  type Deserializer,
  jsonDeserializer,
  jsonSerializer,
  type Serde,
  type Serializer,
  stringDeserializer,
  stringSerializer,
} from './record/serdes.ts'
export type { RawRecord, SerializedRecord } from './record/serialized-record.ts'
export type { OffsetAndMetadata, TopicPartition, TopicPartitionOffset } from './record/topic-partition.ts'
export { deadLetter, drop, type EmittedRecord, emit, reject, type Verdict } from './record/verdict.ts'
