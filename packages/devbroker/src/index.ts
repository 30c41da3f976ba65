// The broker.

// Options.
export type { SaslMechanism } from './auth/credentials.ts'
export type { Clock, Timer } from './clock.ts'
export { type ApiCaps, DevBroker } from './dev-broker.ts'
// What comes back.
export { DevBrokerError, type DevBrokerErrorCode } from './errors.ts'
// Faults and the journal.
export type { DevBrokerApi, DevBrokerMessages } from './faults/api-messages.ts'
export type { ChaosOptions, ChaosRates } from './faults/chaos.ts'
export { Fault, type FaultFields, type FaultKind, type FaultSpec } from './faults/fault.ts'
export type { FaultScope, PendingFault } from './faults/fault-queues.ts'
export type { DiskFullOptions, Faults, HookContext, HookResult, LatencyOptions, RequestHook } from './faults/faults.ts'
export type { DevBrokerJournal, JournalEntry, JournalFilter, JournalWait, RequestOutcome } from './faults/journal.ts'
export type { DecodedRecord } from './log/decoded-records.ts'
export type { LogFields, Logger } from './logger.ts'
export type { DevBrokerOptions, SaslOptions, TopicOptions, TopicsOption } from './options.ts'
export type { NewRecord, ProducedRecord } from './produce-records.ts'
export type { DevBrokerCoordinator, DevBrokerGroup, DevBrokerGroupMember, DevBrokerNode, DevBrokerPartition } from './views.ts'
