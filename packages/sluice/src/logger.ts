/** Where warnings go. pino and console both fit. Fields never hold a key or a value. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

export type LogFields = Readonly<Record<string, unknown>>

/** The default: warnings and errors to standard error, one line each. */
export const consoleLogger: Logger = {
  debug() {},
  info() {},
  warn: (message, fields) => line('warn', message, fields),
  error: (message, fields) => line('error', message, fields),
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** The application's logger, except that what it throws harms nobody: a record or a connection must not end with it. */
export function harmless(logger: Logger): Logger {
  if (logger === consoleLogger || logger === silentLogger) return logger
  const guarded =
    (level: keyof Logger) =>
    (message: string, fields?: LogFields): void => {
      try {
        logger[level](message, fields)
      } catch {
        // There is nowhere left to tell it.
      }
    }
  return { debug: guarded('debug'), info: guarded('info'), warn: guarded('warn'), error: guarded('error') }
}

function line(level: string, message: string, fields: LogFields | undefined): void {
  let text = `sluice ${level}: ${message}`
  for (const [name, value] of Object.entries(fields ?? {})) {
    text += ` ${name}=${value instanceof Error ? JSON.stringify(value.message) : String(value)}`
  }
  process.stderr.write(`${text}\n`)
}
