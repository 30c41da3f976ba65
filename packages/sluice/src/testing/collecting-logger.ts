import { inspect } from 'node:util'
import type { LogFields, Logger } from '../logger.ts'

/** One call of a logger. */
export interface LogLine {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: LogFields | undefined
}

/** Keeps what it is told, for a test to look at. */
export class CollectingLogger implements Logger {
  readonly lines: LogLine[] = []

  debug(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'debug', message, fields })
  }

  info(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'info', message, fields })
  }

  warn(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'warn', message, fields })
  }

  error(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'error', message, fields })
  }

  /** The messages of one level, or of all. */
  messages(level?: keyof Logger): readonly string[] {
    return this.lines.filter((line) => level === undefined || line.level === level).map(({ message }) => message)
  }

  /** Everything that was said, with all fields, errors and their causes: for asserting what must not be in it. */
  text(): string {
    return this.lines
      .map(
        ({ level, message, fields }) =>
          `${level} ${message} ${inspect(fields, { depth: 10, maxArrayLength: null, maxStringLength: null })}`,
      )
      .join('\n')
  }
}
