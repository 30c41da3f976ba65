// The broker.

// Options.
export type { SaslMechanism } from './auth/credentials.ts'
export type { Clock, Timer } from './clock.ts'
export { DevBroker, type DevBrokerNode, type DevBrokerPartition } from './dev-broker.ts'
// What comes back.
export { DevBrokerError, type DevBrokerErrorCode } from './errors.ts'
export type { DecodedRecord } from './log/decoded-records.ts'
export type { LogFields, Logger } from './logger.ts'
export type { DevBrokerOptions, SaslOptions, TopicOptions, TopicsOption } from './options.ts'
