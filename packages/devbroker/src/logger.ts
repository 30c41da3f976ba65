/** Where the broker's few lines go. pino and console both fit. Fields never hold a key or a value. */
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

function line(level: string, message: string, fields: LogFields | undefined): void {
  let text = `devbroker ${level}: ${message}`
  for (const [name, value] of Object.entries(fields ?? {})) {
    text += ` ${name}=${value instanceof Error ? JSON.stringify(value.message) : String(value)}`
  }
  process.stderr.write(`${text}\n`)
}
