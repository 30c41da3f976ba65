import { RecordCursor } from '@sluice/protocol'
import { recordChecksum, recordSize } from '../record/record-audit.ts'

/** What an acknowledgement tells of each record, in append order; `next` goes to the first one, then to the others. */
export interface AcknowledgedRecords {
  next(): boolean
  readonly timestampDelta: number
  /** -1 for a null key. */
  readonly keyLength: number
  /** -1 for a null value. */
  readonly valueLength: number
  /** KIP-42's, computed when asked for. */
  readonly checksum: number
  readonly size: number
}

/** Reads it from the encoded records. */
export class EncodedRecords extends RecordCursor implements AcknowledgedRecords {
  get checksum(): number {
    return recordChecksum(this)
  }

  get size(): number {
    return recordSize(this)
  }
}

const FIELDS = 3
const AUDIT_FIELDS = 5

/** Kept when the records themselves are there in compressed form only: a few numbers for each. */
export class RecordTable implements AcknowledgedRecords {
  readonly #numbers: Float64Array
  readonly #fields: number
  #at: number

  /** `audit`: with checksum and size, which are 0 otherwise. */
  constructor(records: AcknowledgedRecords, count: number, audit: boolean) {
    this.#fields = audit ? AUDIT_FIELDS : FIELDS
    this.#numbers = new Float64Array(count * this.#fields)
    this.#at = -this.#fields
    const numbers = this.#numbers
    for (let at = 0; at < numbers.length; ) {
      records.next()
      numbers[at++] = records.timestampDelta
      numbers[at++] = records.keyLength
      numbers[at++] = records.valueLength
      if (!audit) continue
      numbers[at++] = records.checksum
      numbers[at++] = records.size
    }
  }

  next(): boolean {
    this.#at += this.#fields
    return this.#at < this.#numbers.length
  }

  get timestampDelta(): number {
    return this.#numbers[this.#at]!
  }

  get keyLength(): number {
    return this.#numbers[this.#at + 1]!
  }

  get valueLength(): number {
    return this.#numbers[this.#at + 2]!
  }

  get checksum(): number {
    return this.#fields === AUDIT_FIELDS ? this.#numbers[this.#at + 3]! : 0
  }

  get size(): number {
    return this.#fields === AUDIT_FIELDS ? this.#numbers[this.#at + 4]! : 0
  }
}
