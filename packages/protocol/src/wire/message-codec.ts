import type { Reader } from './reader.ts'
import type { Bytes, Writer } from './writer.ts'

/**
 * What may be given for writing a message `T`: every field may be left out and then has its protocol default
 * (0, '', false, [] or what the definition says); byte fields may be several buffers that follow one another.
 */
export type Writable<T> = T extends Buffer
  ? Bytes
  : T extends readonly (infer E)[]
    ? readonly Writable<E>[]
    : T extends object
      ? { readonly [K in keyof T]?: Writable<T[K]> }
      : T

/** Reads and writes one message in every version from `minVersion` to `maxVersion`. */
export interface MessageCodec<T> {
  /** Kafka's name, such as `ProduceRequest`. */
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  /** The first flexible version (compact lengths, tagged fields); `Infinity` when there is none. */
  readonly flexibleVersion: number
  /** Every field is present in the result; one that the version lacks has its default. Unknown tagged fields are skipped. */
  read(reader: Reader, version: number): T
  /** Throws `ProtocolError` UNSUPPORTED_VERSION when a field that the version lacks, and that may not be ignored, differs from its default. */
  write(writer: Writer, message: Writable<T>, version: number): void
}

/** One Kafka API: its key and both of its messages. */
export interface Api<Request, Response> {
  readonly key: number
  /** Kafka's name without Request or Response, such as `Produce`. */
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  readonly flexibleVersion: number
  readonly request: MessageCodec<Request>
  readonly response: MessageCodec<Response>
}
