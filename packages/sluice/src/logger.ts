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
  for (const [name, value] of Object.entries(fields ?? {})) text += ` ${name}=${shown(value)}`
  process.stderr.write(`${escaped(text)}\n`)
}

/** Text that is more than one word in quotes, and objects as JSON. */
function shown(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message)
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return JSON.stringify(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** Whoever names a topic or a header may not begin a line of the log, nor steer the terminal that shows it. */
function escaped(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
