import { randomUUID } from 'node:crypto'
import { configError, KafkaError } from 'sluice'

/** Where bodies are kept. Ids are of 97 characters, of which 64 are the body's SHA-256 in hex: `a-f`, `0-9` and one `-`. */
export interface ClaimStore {
  /** Resolves when the body is there for whoever asks. `bytes` are valid until then. */
  put(id: string, bytes: Buffer, signal: AbortSignal): Promise<void>
  /** Resolves with the body, or null when there is none. May reject one that is larger than `maxBytes` without reading it. */
  get(id: string, signal: AbortSignal, maxBytes: number): Promise<Buffer | null>
  /** Resolves also when there is none. Without it bodies of records that were not sent stay. */
  delete?(id: string, signal: AbortSignal): Promise<void>
  /** Called when a client is made, before the first record. */
  open?(): Promise<void>
  /** Called when a client is closed; others may go on using the store. */
  close?(): Promise<void>
}

const ID = /^[0-9a-f]{64}-[0-9a-f]{32}$/

/** Another for each record, so that what is deleted with one is not another's. */
export function newClaimId(sha256: string): string {
  return `${sha256}-${randomUUID().replaceAll('-', '')}`
}

/** Ids come out of records, and become names of files and objects. */
export function isClaimId(id: string): boolean {
  return ID.test(id)
}

/** For stores: throws INVALID_ARGUMENT for anything that is no id, and so for every path. */
export function checkClaimId(id: string): void {
  if (!isClaimId(id)) throw new KafkaError('INVALID_ARGUMENT', 'claimCheck: this is no id of a body')
}

export function sha256Of(id: string): string {
  return id.slice(0, 64)
}

export function tooLarge(maxBytes: number): KafkaError {
  return new KafkaError('CORRUPT', `claimCheck: the store's body is larger than the ${maxBytes} bytes that it should have`)
}

export function isStore(value: unknown): value is ClaimStore {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { put?: unknown }).put === 'function' &&
    typeof (value as { get?: unknown }).get === 'function'
  )
}

export function storeProblem(): KafkaError {
  return configError('claimCheck: store must be { directory }, { bucket } or an object with put and get')
}
