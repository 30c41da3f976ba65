import { type ErrorName, errorCodes, kafkaErrors } from '@sluice/protocol'
import { DevBrokerError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'

export type FaultKind = 'dropBefore' | 'dropAfter' | 'noResponseBefore' | 'noResponse' | 'truncate' | 'delay' | 'throttle' | 'error'

/** What happens to one request. */
export class Fault {
  /** The connection is closed and the request not executed. */
  static readonly dropBefore: Fault = new Fault('dropBefore')
  /** The request is executed, and the connection closed in place of an answer: a retry is a duplicate. */
  static readonly dropAfter: Fault = new Fault('dropAfter')
  /** The request is executed and never answered, and neither is what follows on that connection, which stays open. */
  static readonly noResponse: Fault = new Fault('noResponse')
  /** As `noResponse`, but the request is not executed. */
  static readonly noResponseBefore: Fault = new Fault('noResponseBefore')

  readonly kind: FaultKind
  /** Kafka's number; 0 for none. */
  readonly errorCode: number
  /** How much later the answer leaves. What follows on that connection waits too. */
  readonly delayMs: number
  /** What the answer says as throttleTimeMs; 0 for nothing. */
  readonly throttleMs: number
  /** How much of the answer is sent, its size prefix included, before the connection is closed. */
  readonly bytes: number

  private constructor(kind: FaultKind, fields: Partial<Pick<Fault, 'errorCode' | 'delayMs' | 'throttleMs' | 'bytes'>> = {}) {
    this.kind = kind
    this.errorCode = fields.errorCode ?? 0
    this.delayMs = fields.delayMs ?? 0
    this.throttleMs = fields.throttleMs ?? 0
    this.bytes = fields.bytes ?? 0
  }

  /** The request is executed; only the first `bytes` bytes of the answer are sent (never all), then the connection is closed. */
  static truncate(bytes: number): Fault {
    return new Fault('truncate', { bytes: checked('truncate', bytes) })
  }

  /** The request is executed at once and answered after `delayMs`; what follows on that connection waits too. */
  static delay(delayMs: number): Fault {
    return new Fault('delay', { delayMs: checked('delay', delayMs) })
  }

  /** The answer says that the client exceeded a quota and should be silent for `throttleMs`; the broker does not enforce it. */
  static throttle(throttleMs: number): Fault {
    return new Fault('throttle', { throttleMs: checked('throttle', throttleMs) })
  }

  /** The request is not executed, but answered with an error, by Kafka's name or number. */
  static error(error: ErrorName | number, also: { readonly delayMs?: number; readonly throttleMs?: number } = {}): Fault {
    const errorCode = errorCodeOf(error)
    const delayMs = checked('delayMs', also.delayMs ?? 0)
    const throttleMs = checked('throttleMs', also.throttleMs ?? 0)
    return new Fault('error', { errorCode, delayMs, throttleMs })
  }

  /** As it is shown in the journal and in messages: `NOT_LEADER_OR_FOLLOWER`, `dropAfter`, `delay 300 ms`. */
  get description(): string {
    const parts: string[] = this.kind === 'delay' || this.kind === 'throttle' ? [] : [this.#name()]
    if (this.delayMs > 0) parts.push(`delay ${this.delayMs} ms`)
    if (this.throttleMs > 0) parts.push(`throttle ${this.throttleMs} ms`)
    return parts.length === 0 ? this.kind : parts.join(', ')
  }

  #name(): string {
    if (this.kind === 'error') return errorNameOf(this.errorCode)
    return this.kind === 'truncate' ? `truncate at ${this.bytes} bytes` : this.kind
  }
}

/** What can be queued: an error by Kafka's name or number, an error with a delay, or another fault. `NONE` (0) is no error. */
export type FaultSpec = ErrorName | number | FaultFields | Fault

export interface FaultFields {
  /** @default none: the request is executed */
  readonly error?: ErrorName | number
  /** @default 0 */
  readonly delayMs?: number
  /** @default 0 */
  readonly throttleMs?: number
}

const FIELDS: readonly string[] = ['error', 'delayMs', 'throttleMs']

export function toFault(spec: FaultSpec): Fault {
  if (spec instanceof Fault) return spec
  if (typeof spec === 'string' || typeof spec === 'number') return Fault.error(spec)
  if (typeof spec !== 'object' || spec === null) throw new DevBrokerError('INVALID_OPTION', `${String(spec)} is no fault`)
  checkFields(spec, FIELDS, 'field of a fault')
  return Fault.error(spec.error ?? 0, spec)
}

/** Throws for a name that is not known, with the nearest one that is. */
export function checkFields(given: object, known: readonly string[], what: string): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new DevBrokerError('INVALID_OPTION', `unknown ${what} "${name}"${didYouMean(name, known)}`)
  }
}

/** A number of milliseconds or bytes from 0 on. */
export function checked(name: string, value: number): number {
  if (!Number.isFinite(value) || value < 0)
    throw new DevBrokerError('INVALID_OPTION', `${name} must be a number from 0 on, not ${String(value)}`)
  return value
}

export function errorCodeOf(error: ErrorName | number): number {
  if (typeof error === 'number') {
    if (kafkaErrors.has(error)) return error
    throw new DevBrokerError('INVALID_OPTION', `Kafka has no error ${error}`)
  }
  if (Object.hasOwn(errorCodes, error)) return errorCodes[error]
  throw new DevBrokerError('INVALID_OPTION', `Kafka has no error "${error}"${didYouMean(error, Object.keys(errorCodes))}`)
}

export function errorNameOf(errorCode: number): string {
  return kafkaErrors.get(errorCode)?.name ?? String(errorCode)
}
