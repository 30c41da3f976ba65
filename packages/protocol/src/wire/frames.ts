import type { Api, MessageCodec, Writable } from './message-codec.ts'
import { skipTaggedFields } from './message-support.ts'
import { ProtocolError } from './protocol-error.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

const API_VERSIONS_KEY = 18
const EMPTY = Buffer.alloc(0)

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** A whole request frame, size prefix included, as chunks for one `writev`. */
export function encodeRequest<Q>(
  api: Api<Q, unknown>,
  version: number,
  correlationId: number,
  clientId: string | null,
  message: Writable<Q>,
): Buffer[] {
  const writer = new Writer()
  writer.int32(0)
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(correlationId)
  // Not compact even in the flexible header: a broker must be able to read it whatever the version.
  writer.nullableString(clientId)
  if (version >= api.flexibleVersion) writer.int8(0)
  api.request.write(writer, message, version)
  return closeFrame(writer)
}

/** Reads a request's header; `flexible` says, by API key and version, whether tagged fields follow the client id. */
export function decodeRequestHeader(reader: Reader, flexible: (apiKey: number, version: number) => boolean): RequestHeader {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const clientId = reader.nullableString()
  if (flexible(apiKey, apiVersion)) skipTaggedFields(reader)
  return { apiKey, apiVersion, correlationId, clientId }
}

/** A whole response frame, size prefix included. */
export function encodeResponse<P>(api: Api<unknown, P>, version: number, correlationId: number, message: Writable<P>): Buffer[] {
  const writer = new Writer()
  writer.int32(0)
  writer.int32(correlationId)
  if (hasFlexibleResponseHeader(api, version)) writer.int8(0)
  api.response.write(writer, message, version)
  return closeFrame(writer)
}

/**
 * Reads a response's body from a frame without its size prefix, whose correlation id has been matched already. Bytes
 * left over are an error.
 */
export function decodeResponse<P>(api: Api<any, P>, version: number, frame: Buffer): P {
  const reader = new Reader(frame, 4)
  if (hasFlexibleResponseHeader(api, version)) skipTaggedFields(reader)
  return readToEnd(api.response, reader, version)
}

/** Reads one message that takes all of `buffer` from `position` on, such as a request's body after its header; bytes left over are an error. */
export function readMessage<T>(codec: MessageCodec<T>, buffer: Buffer, position: number, version: number): T {
  return readToEnd(codec, new Reader(buffer, position), version)
}

/** One message in a buffer of its own. */
export function writeMessage<T>(codec: MessageCodec<T>, message: Writable<T>, version: number): Buffer {
  const writer = new Writer()
  codec.write(writer, message, version)
  return writer.toBuffer()
}

function readToEnd<T>(codec: MessageCodec<T>, reader: Reader, version: number): T {
  const message = codec.read(reader, version)
  if (reader.remaining > 0) {
    const left = reader.remaining
    throw new ProtocolError('MALFORMED', `${left} bytes are left after ${codec.name} version ${version}`, reader.position)
  }
  return message
}

/** ApiVersions answers with the old header in every version: the client does not know yet what the broker speaks. */
function hasFlexibleResponseHeader(api: Api<any, any>, version: number): boolean {
  return version >= api.flexibleVersion && api.key !== API_VERSIONS_KEY
}

function closeFrame(writer: Writer): Buffer[] {
  const size = writer.length - 4
  const chunks = writer.chunks()
  chunks[0]!.writeInt32BE(size, 0)
  return chunks
}

/**
 * Cuts a byte stream into frames of a four-byte size and that many bytes. Memory for a frame grows with the bytes that
 * have arrived, so that a hostile size costs nothing. Each frame is a buffer of its own, which may be kept.
 */
export class FrameSplitter {
  readonly #maxFrameBytes: number
  readonly #onFrame: (frame: Buffer) => void
  readonly #sizeBytes = Buffer.allocUnsafe(4)
  #sizeFilled = 0
  #size = -1
  #frame: Buffer = EMPTY
  #filled = 0

  /** `onFrame` runs synchronously inside `push`. */
  constructor(maxFrameBytes: number, onFrame: (frame: Buffer) => void) {
    this.#maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** Bytes of a frame that is not complete yet. */
  get pending(): number {
    return this.#sizeFilled + this.#filled
  }

  /** Throws `ProtocolError` when a size is negative or above the maximum; the stream cannot go on after that. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#size < 0) {
        at += this.#takeSize(chunk, at)
        if (this.#size < 0) return
        if (this.#size === 0) {
          this.#complete()
          continue
        }
      }
      const wanted = Math.min(this.#size - this.#filled, chunk.length - at)
      if (this.#filled + wanted > this.#frame.length) this.#growFrame(this.#filled + wanted)
      chunk.copy(this.#frame, this.#filled, at, at + wanted)
      this.#filled += wanted
      at += wanted
      if (this.#filled < this.#size) return
      this.#complete()
    }
  }

  #complete(): void {
    const frame = this.#frame.length === this.#size ? this.#frame : this.#frame.subarray(0, this.#size)
    this.#size = -1
    this.#sizeFilled = 0
    this.#filled = 0
    this.#frame = EMPTY
    this.#onFrame(frame)
  }

  #takeSize(chunk: Buffer, at: number): number {
    const wanted = Math.min(4 - this.#sizeFilled, chunk.length - at)
    chunk.copy(this.#sizeBytes, this.#sizeFilled, at, at + wanted)
    this.#sizeFilled += wanted
    if (this.#sizeFilled === 4) {
      const size = this.#sizeBytes.readInt32BE(0)
      if (size < 0 || size > this.#maxFrameBytes) {
        throw new ProtocolError('OUT_OF_RANGE', `a frame of ${size} bytes is outside 0 to ${this.#maxFrameBytes}`)
      }
      this.#size = size
    }
    return wanted
  }

  /** Small frames get their exact size at once; large ones double as bytes arrive. */
  #growFrame(needed: number): void {
    const capacity = Math.min(this.#size, Math.max(needed, this.#frame.length * 2, 256 * 1024))
    const next = Buffer.allocUnsafeSlow(capacity)
    this.#frame.copy(next, 0, 0, this.#filled)
    this.#frame = next
  }
}
