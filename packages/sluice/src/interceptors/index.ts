// The ready-made interceptors, by the names of their factories
import { hostHeader } from './host-header/index.ts'
import { regexFilter } from './regex-filter/index.ts'
import { staticHeader } from './static-header/index.ts'
import { timestampHeader } from './timestamp-header/index.ts'

export { type HostHeaderOptions, hostHeader } from './host-header/index.ts'
export { type RegexCharset, type RegexFilterOptions, regexFilter } from './regex-filter/index.ts'
export { type StaticHeaderOptions, staticHeader } from './static-header/index.ts'
export { type TimestampHeaderOptions, timestampHeader } from './timestamp-header/index.ts'

import type { ConsumerInterceptor, ProducerInterceptor } from 'sluice'

/** The same by the names that a configuration file uses. The options are checked by the factory. */
export const interceptorsByName: ReadonlyMap<string, (options?: any) => ProducerInterceptor & ConsumerInterceptor> = new Map([
  ['timestamp-header', timestampHeader],
  ['host-header', hostHeader],
  ['static-header', staticHeader],
  ['regex-filter', regexFilter],
])
