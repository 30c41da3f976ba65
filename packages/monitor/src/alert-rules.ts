import type { AlertRule } from './api-types.ts'

/** What rules can be about. */
export const alertMetrics: readonly AlertRule['metric'][] = [
  'missing',
  'expired',
  'redeliveredShare',
  'lagMs',
  'p99',
  'coverage',
  'clockOffsetMs',
  'deadClients',
]

/** In force when no others are given. */
export const defaultAlertRules: readonly AlertRule[] = [
  { name: 'records are missing', metric: 'missing', above: 0 },
  { name: 'records expired unread', metric: 'expired', above: 0 },
  { name: 'a tenth is delivered twice', metric: 'redeliveredShare', above: 0.1, forMs: 60_000 },
  { name: 'five minutes behind', metric: 'lagMs', above: 300_000, forMs: 60_000 },
  { name: 'a clock is a second off', metric: 'clockOffsetMs', above: 1000, forMs: 60_000 },
  { name: 'a client died', metric: 'deadClients', above: 0 },
]
