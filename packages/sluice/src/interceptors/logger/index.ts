import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  type ConsumerRecord,
  commonOptions,
  type Headers,
  interceptorOptions,
  type ProducerInterceptor,
  type RecordContext,
} from 'sluice'
import { errorFields, headerFields, LineWriter, REDACTED, type StructuredLogger, textOf } from './line-writer.ts'
import { alwaysWritten, defaultLevels, type LogEvent, type LogLevel, logLevels } from './log-events.ts'
import { Sampler } from './sampler.ts'

export type { StructuredLogger } from './line-writer.ts'
export type { LogEvent, LogLevel } from './log-events.ts'

export interface LoggerOptions extends CommonInterceptorOptions {
  /** Where lines go, with fields first and the message second, as pino takes them. @default the client's own logger */
  readonly logger?: StructuredLogger
  /** The share of records that are logged, 0 to 1; failures always are. 0.01 is every hundredth. @default 0.01 */
  readonly sampleRate?: number
  /** At most so many sampled lines a second for each kind of event. @default 10 */
  readonly maxPerSecond?: number
  /** The level of each kind of event; `off` writes none. @default acknowledged, dropped, handled: info; failed, handlerFailed: error; deadLettered: warn; consumed, committed: debug */
  readonly levels?: Readonly<Partial<Record<LogEvent, LogLevel>>>
  /** What else of a record is written: its key, its headers. Never its value. @default [] */
  readonly include?: readonly ('key' | 'headers')[]
  /** Headers whose values are not written, in any case of letters; `key` for the key. @default authorization, cookie, set-cookie, x-api-key */
  readonly redact?: readonly string[]
}

interface SendState {
  /** Undefined when the record is not sampled. */
  readonly beganAt: number | undefined
  readonly key: unknown
}

const UNSAMPLED: SendState = { beganAt: undefined, key: undefined }
const REDACT = ['authorization', 'cookie', 'set-cookie', 'x-api-key']

/** Writes what becomes of records into a log: samples of what goes well, everything that fails, never a value. */
export function logger(options?: LoggerOptions): ProducerInterceptor & ConsumerInterceptor {
  const own = interceptorOptions('logger', options, {
    logger: { default: undefined, check: checkLogger },
    sampleRate: { default: 0.01, check: (given) => checkNumber(given, 1) },
    maxPerSecond: { default: 10, check: (given) => checkNumber(given, Number.POSITIVE_INFINITY) },
    levels: { default: {}, check: checkLevels },
    include: { default: [], check: (given) => checkList(given, ['key', 'headers']) },
    redact: { default: REDACT, check: (given) => checkList(given) },
  })
  const levels = { ...defaultLevels, ...own.levels }
  const redacted = new Set(own.redact.map((name) => name.toLowerCase()))
  const includesKey = own.include.includes('key')
  const includesHeaders = own.include.includes('headers')
  const writer = new LineWriter(options?.logger)
  let monotonic = (): number => 0
  const samplers = new Map<LogEvent, Sampler>()
  const sends = new Sampler(own.sampleRate, own.maxPerSecond, () => monotonic())
  const clients: Record<'producer' | 'consumer', Readonly<Record<string, unknown>>> = { producer: {}, consumer: {} }

  function isSampled(event: LogEvent): boolean {
    if (levels[event] === 'off') return false
    if (alwaysWritten.has(event)) return true
    let sampler = samplers.get(event)
    if (sampler === undefined) samplers.set(event, (sampler = new Sampler(own.sampleRate, own.maxPerSecond, () => monotonic())))
    return sampler.take()
  }

  function content(key: unknown, headers: Headers): Record<string, unknown> {
    return {
      ...(includesKey ? { key: redacted.has('key') ? REDACTED : textOf(key) } : {}),
      ...(includesHeaders ? { headers: headerFields(headers, redacted) } : {}),
    }
  }

  function write(
    side: 'producer' | 'consumer',
    event: LogEvent,
    fields: Readonly<Record<string, unknown>>,
    message: string,
    sampler: Sampler | undefined = samplers.get(event),
  ): void {
    const notLogged = sampler === undefined || alwaysWritten.has(event) ? 0 : sampler.skippedSince()
    writer.write(levels[event], { event, ...clients[side], ...fields, ...(notLogged === 0 ? {} : { notLogged }) }, message)
  }

  async function logHandler(
    of: Readonly<Record<string, unknown>>,
    record: ConsumerRecord | undefined,
    next: () => Promise<void>,
  ): Promise<void> {
    const beganAt = monotonic()
    try {
      await next()
    } catch (error) {
      const fields = {
        ...of,
        durationMs: roundedMs(monotonic() - beganAt),
        error: errorFields(error),
        ...(record && content(record.key, record.headers)),
      }
      write('consumer', 'handlerFailed', fields, 'handler failed')
      throw error
    }
    if (isSampled('handled')) {
      const fields = { ...of, durationMs: roundedMs(monotonic() - beganAt), ...(record && content(record.key, record.headers)) }
      write('consumer', 'handled', fields, 'handled')
    }
  }

  return {
    ...commonOptions('logger', options),

    configure(context) {
      writer.configure(context)
      const { clock, clientId, groupId, side = 'producer' } = context
      monotonic = () => clock.monotonic()
      clients[side] = groupId === undefined ? { clientId } : { clientId, groupId }
    },

    onSend(record, context: RecordContext<SendState>) {
      if (sends.take()) context.state = { beganAt: monotonic(), key: includesKey ? record.key : undefined }
      else context.state = includesKey ? { beganAt: undefined, key: record.key } : UNSAMPLED
      return record
    },

    onAcknowledgement(metadata, error, headers, { state }: RecordContext<SendState>) {
      const { topic, partition } = metadata
      const where = { topic, partition }
      if (error !== null) {
        write('producer', 'failed', { ...where, ...took(state), error: errorFields(error), ...content(state?.key, headers) }, 'send failed')
        return
      }
      if (metadata.deadLettered !== undefined) {
        const fields = { ...where, offset: metadata.offset, reason: metadata.deadLettered, ...content(state?.key, headers) }
        write('producer', 'deadLettered', fields, 'record went to the dead-letter topic')
        return
      }
      if (state === undefined ? !sends.take() : state.beganAt === undefined) return
      if (metadata.dropped !== undefined) {
        write('producer', 'dropped', { ...where, reason: metadata.dropped, ...content(state?.key, headers) }, 'record dropped', sends)
        return
      }
      const { offset, serializedKeySize, serializedValueSize } = metadata
      const bytes = Math.max(0, serializedKeySize) + Math.max(0, serializedValueSize)
      write('producer', 'acknowledged', { ...where, offset, bytes, ...took(state), ...content(state?.key, headers) }, 'record sent', sends)
    },

    onConsume(records) {
      if (isSampled('consumed')) {
        const partitions = records.byPartition().map(({ topic, partition, records: all }) => ({
          topic,
          partition,
          records: all.length,
          offset: all[0]!.offset,
        }))
        write('consumer', 'consumed', { records: records.count, partitions }, 'records consumed')
      }
      return records
    },

    handle(record, next) {
      const { topic, partition, offset } = record
      return logHandler({ topic, partition, offset }, record, next)
    },

    handleBatch({ topic, partition, records }, next) {
      return logHandler({ topic, partition, offset: records[0]?.offset, records: records.length }, undefined, next)
    },

    onCommit(offsets) {
      if (!isSampled('committed')) return
      write(
        'consumer',
        'committed',
        { offsets: offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset })) },
        'committed',
      )
    },
  }

  function took(state: SendState | undefined): { readonly durationMs?: number } {
    return state?.beganAt === undefined ? {} : { durationMs: roundedMs(monotonic() - state.beganAt) }
  }
}

/** To a microsecond. */
function roundedMs(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function checkLogger(given: unknown): string | null {
  if (given === undefined) return null
  return typeof (given as { info?: unknown } | null)?.info === 'function'
    ? null
    : 'must be a logger with info(fields, message), such as pino()'
}

function checkNumber(given: unknown, highest: number): string | null {
  if (typeof given === 'number' && given >= 0 && given <= highest) return null
  return `must be a number from 0${highest === 1 ? ' to 1' : ''}, not ${typeof given === 'number' ? given : typeof given}`
}

function checkLevels(given: unknown): string | null {
  if (typeof given !== 'object' || given === null)
    return `must be an object of event and level, not ${given === null ? 'null' : typeof given}`
  for (const [event, level] of Object.entries(given)) {
    if (!Object.hasOwn(defaultLevels, event)) return `has no event "${event}"; there are ${Object.keys(defaultLevels).join(', ')}`
    if (!logLevels.includes(level)) return `of "${event}" must be one of ${logLevels.join(', ')}`
  }
  return null
}

function checkList(given: unknown, allowed?: readonly string[]): string | null {
  if (!Array.isArray(given) || !given.every((one) => typeof one === 'string')) return 'must be a list of strings'
  const stranger = allowed && given.find((one) => !allowed.includes(one))
  return stranger === undefined ? null : `can hold ${allowed!.join(' and ')}, not "${stranger}"`
}
