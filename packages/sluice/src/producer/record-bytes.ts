import { estimateSizeUpperBound, type FlatHeaders, HeadersEncoder } from '@sluice/protocol'
import type { SendContext } from '../interceptor/send-context.ts'

/**
 * One record as bytes, between the serializers and a batch. Key and value are regions of a source, mostly of the
 * producer's scratch buffer, so one object serves send after send; `detach` makes one that outlives its send.
 */
export class RecordBytes {
  topic = ''
  /** -1 leaves the choice to the accumulator. */
  partition = -1
  timestamp = 0
  keySource: Buffer | null = null
  keyStart = 0
  /** -1 for a null key. */
  keyLength = -1
  valueSource: Buffer | null = null
  valueStart = 0
  /** -1 for a null value. */
  valueLength = -1
  /** All headers with their count, encoded, from 0 on; null for none. */
  headersSource: Buffer | null = null
  headersSize = 1
  /** The interceptors to tell of the record's end; null when there are none. */
  context: SendContext | null = null
  /** Made for the first headers. Its bytes are those of this record, until the next `setHeaders`. */
  #encoder: HeadersEncoder | undefined = undefined

  setHeaders(headers: FlatHeaders): void {
    if (headers.length === 0) {
      this.headersSource = null
      this.headersSize = 1
      return
    }
    this.#encoder ??= new HeadersEncoder()
    this.headersSize = this.#encoder.encode(headers)
    this.headersSource = this.#encoder.bytes
  }

  setKey(key: Buffer | null): void {
    this.keySource = key
    this.keyStart = 0
    this.keyLength = key === null ? -1 : key.length
  }

  setValue(value: Buffer | null): void {
    this.valueSource = value
    this.valueStart = 0
    this.valueLength = value === null ? -1 : value.length
  }

  /** A view that is valid until the next send; null for a null key. */
  key(): Buffer | null {
    return this.keySource === null ? null : this.keySource.subarray(this.keyStart, this.keyStart + this.keyLength)
  }

  /** As `key`. */
  value(): Buffer | null {
    return this.valueSource === null ? null : this.valueSource.subarray(this.valueStart, this.valueStart + this.valueLength)
  }

  /** Bytes of a batch that has only this record, at most. */
  batchSizeUpperBound(): number {
    return estimateSizeUpperBound(this.keyLength, this.valueLength, this.headersSize)
  }

  /** A copy with bytes of its own, for a record that has to wait. */
  detach(): RecordBytes {
    const copy = new RecordBytes()
    copy.topic = this.topic
    copy.partition = this.partition
    copy.timestamp = this.timestamp
    copy.keySource = copyOf(this.key())
    copy.keyLength = this.keyLength
    copy.valueSource = copyOf(this.value())
    copy.valueLength = this.valueLength
    copy.headersSource = this.headersSource === null ? null : copyOf(this.headersSource.subarray(0, this.headersSize))
    copy.headersSize = this.headersSize
    copy.context = this.context
    return copy
  }
}

function copyOf(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}
