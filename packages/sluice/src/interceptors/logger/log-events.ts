/** What the logger writes a line for. */
export type LogEvent =
  /** A record was acknowledged. */
  | 'acknowledged'
  /** A send failed. */
  | 'failed'
  /** An interceptor of the producer dropped a record. */
  | 'dropped'
  /** An interceptor of the producer sent a record to the dead-letter topic. */
  | 'deadLettered'
  /** A poll gave records out: one line for the poll. */
  | 'consumed'
  /** A handler of `run` ended well. */
  | 'handled'
  /** A handler of `run` failed. */
  | 'handlerFailed'
  /** Offsets were committed: one line for the commit. */
  | 'committed'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'off'

export const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'off']

export const defaultLevels: Readonly<Record<LogEvent, LogLevel>> = {
  acknowledged: 'info',
  failed: 'error',
  dropped: 'info',
  deadLettered: 'warn',
  consumed: 'debug',
  handled: 'info',
  handlerFailed: 'error',
  committed: 'debug',
}

/** Written whatever the sampling says. */
export const alwaysWritten: ReadonlySet<LogEvent> = new Set(['failed', 'deadLettered', 'handlerFailed'])
