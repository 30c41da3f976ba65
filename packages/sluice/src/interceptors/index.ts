// The ready-made interceptors, by the names of their factories

import { accessPolicy } from './access-policy/index.ts'
import { audit } from './audit/index.ts'
import { checksum } from './checksum/index.ts'
import { claimCheck } from './claim-check/index.ts'
import { context } from './context/index.ts'
import { counter } from './counter/index.ts'
import { dedupe } from './dedupe/index.ts'
import { filter } from './filter/index.ts'
import { hostHeader } from './host-header/index.ts'
import { latency } from './latency/index.ts'
import { logger } from './logger/index.ts'
import { metrics } from './metrics/index.ts'
import { monitor } from './monitor/index.ts'
import { rateLimit } from './rate-limit/index.ts'
import { regexExtractor } from './regex-extractor/index.ts'
import { regexFilter } from './regex-filter/index.ts'
import { removeHeader } from './remove-header/index.ts'
import { route } from './route/index.ts'
import { searchReplace } from './search-replace/index.ts'
import { sizeGuard } from './size-guard/index.ts'
import { staticHeader } from './static-header/index.ts'
import { timestampHeader } from './timestamp-header/index.ts'
import { tracing } from './tracing/index.ts'
import { transform } from './transform/index.ts'
import { uuidHeader } from './uuid-header/index.ts'

export {
  type AccessOperation,
  type AccessPolicyDocument,
  type AccessPolicyOptions,
  type AccessRequest,
  type AccessRule,
  accessPolicy,
  type PolicyNames,
} from './access-policy/index.ts'
export {
  type AuditCounts,
  type AuditEntry,
  type AuditFile,
  type AuditInterceptor,
  type AuditOptions,
  type AuditSubject,
  type AuditTopic,
  audit,
} from './audit/index.ts'
export {
  type ChecksumCounts,
  type ChecksumInterceptor,
  type ChecksumOptions,
  checksum,
  type MismatchPolicy,
  type MissingPolicy,
} from './checksum/index.ts'
export {
  type ClaimCheckOptions,
  type ClaimPolicy,
  type ClaimStore,
  claimCheck,
  directoryStore,
  type S3ClientLike,
  type S3StoreOptions,
  s3Store,
} from './claim-check/index.ts'
export {
  type ContextInterceptor,
  type ContextOptions,
  type ContextValues,
  context,
  currentContext,
  runWithContext,
} from './context/index.ts'
export { type CounterInterceptor, type CounterOptions, type CounterSnapshot, counter, type TopicCounts } from './counter/index.ts'
export {
  type DedupeCounts,
  type DedupeInterceptor,
  type DedupeOptions,
  dedupe,
  type IdentifiedRecord,
  type IdSource,
  type RecordId,
} from './dedupe/index.ts'
export { type FilterLanguage, type FilterOptions, filter, type ReadableRecord } from './filter/index.ts'
export { type HostHeaderOptions, hostHeader } from './host-header/index.ts'
export {
  type LatencyInterceptor,
  type LatencyKeys,
  type LatencyOfTopic,
  type LatencyOptions,
  type LatencySnapshot,
  type LatencySummary,
  latency,
  type RedisClient,
  type StoredLatency,
} from './latency/index.ts'
export { type LogEvent, type LoggerOptions, type LogLevel, logger, type StructuredLogger } from './logger/index.ts'
export { type MetricsLabel, type MetricsOptions, metrics } from './metrics/index.ts'
export { type MonitorOptions, type MonitorTopicOptions, monitor } from './monitor/index.ts'
export { type LimitedRecord, type RateLimitedError, type RateLimitOptions, rateLimit, type SharedLimiter } from './rate-limit/index.ts'
export {
  type GroupSerializer,
  type GroupSerializerInit,
  type RegexExtractorOptions,
  regexExtractor,
  type SerializeFunction,
} from './regex-extractor/index.ts'
export { type RegexFilterOptions, regexFilter } from './regex-filter/index.ts'
export { type RemoveHeaderOptions, removeHeader } from './remove-header/index.ts'
export {
  type RegexRouter,
  type RoutableRecord,
  type RouteCondition,
  type RouteOptions,
  type RouteRule,
  route,
  type TimestampRouter,
} from './route/index.ts'
export { type SearchReplaceOptions, searchReplace } from './search-replace/index.ts'
export { type SizeAction, type SizeGuardOptions, sizeGuard } from './size-guard/index.ts'
export { type StaticHeaderOptions, staticHeader } from './static-header/index.ts'
export type { TextTarget } from './text/body-text.ts'
export type { Compat } from './text/compat.ts'
export type { RegexEngine } from './text/text-pattern.ts'
export { type TimestampHeaderOptions, timestampHeader } from './timestamp-header/index.ts'
export { type TracingInterceptor, type TracingOptions, tracing } from './tracing/index.ts'
export {
  type CastType,
  type FlattenStep,
  type HoistStep,
  type InsertStep,
  type MaskStep,
  type TimestampForm,
  type TimestampFormatStep,
  type TransformOptions,
  type TransformStep,
  transform,
} from './transform/index.ts'
export { type UuidHeaderOptions, uuidHeader } from './uuid-header/index.ts'

import type { ConsumerInterceptor, ProducerInterceptor } from 'sluice'

/** The same by the names that a configuration file uses. The options are checked by the factory. */
export const interceptorsByName: ReadonlyMap<string, (options?: any) => ProducerInterceptor & ConsumerInterceptor> = new Map<
  string,
  (options?: any) => ProducerInterceptor & ConsumerInterceptor
>([
  ['timestamp-header', timestampHeader],
  ['host-header', hostHeader],
  ['static-header', staticHeader],
  ['remove-header', removeHeader],
  ['uuid-header', uuidHeader],
  ['search-replace', searchReplace],
  ['monitor', monitor],
  ['regex-filter', regexFilter],
  ['regex-extractor', regexExtractor],
  ['audit', audit],
  ['checksum', checksum],
  ['counter', counter],
  ['dedupe', dedupe],
  ['latency', latency],
  ['logger', logger],
  ['metrics', metrics],
  ['rate-limit', rateLimit],
  ['tracing', tracing],
  ['transform', transform],
  ['filter', filter],
  ['route', route],
  ['context', context],
  ['access-policy', accessPolicy],
  ['size-guard', sizeGuard],
  ['claim-check', claimCheck],
])
