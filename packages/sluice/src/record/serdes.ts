import { KafkaError } from '../errors.ts'
import type { Headers } from './headers.ts'

/** Turns a key or value into bytes. `null` stays null and is not given to a serializer. */
export interface Serializer<T> {
  /** May add headers. When it throws, the send fails with SERIALIZATION. */
  serialize(topic: string, data: T, headers: Headers): Uint8Array | null
  /**
   * Optional fast path that saves an intermediate buffer: writes the bytes into `target` at `offset` and returns how
   * many there are, or -1 when `target` has not enough room (the producer then comes back with a larger one).
   */
  serializeInto?(topic: string, data: T, headers: Headers, target: Buffer, offset: number): number
}

/** Turns bytes into a key or value. */
export interface Deserializer<T> {
  /** `data` is a view into a fetched batch: copy what is kept for long. When it throws, `poll` fails and names the position. */
  deserialize(topic: string, data: Buffer, headers: Headers): T
}

export type Serde<T> = Serializer<T> & Deserializer<T>

/** Bytes as they are (Java: ByteArraySerializer, ByteBufferSerializer). Any Uint8Array is taken; typed as Buffer, so that interceptors have its methods. */
export const bufferSerializer: Serializer<Buffer> = {
  serialize(topic, data) {
    if (!(data instanceof Uint8Array)) throw wrongType('bufferSerializer', 'Buffer or Uint8Array', data, topic)
    return data
  },
  serializeInto(topic, data, _headers, target, offset) {
    if (!(data instanceof Uint8Array)) throw wrongType('bufferSerializer', 'Buffer or Uint8Array', data, topic)
    if (data.length > target.length - offset) return -1
    target.set(data, offset)
    return data.length
  },
}

/** The bytes as a view into the fetched batch: copy what is kept for long. */
export const bufferDeserializer: Deserializer<Buffer> = {
  deserialize: (_topic, data) => data,
}

/** Strings as UTF-8 (Java: StringSerializer). */
export const stringSerializer: Serializer<string> = {
  serialize(topic, data) {
    if (typeof data !== 'string') throw wrongType('stringSerializer', 'string', data, topic)
    return Buffer.from(data, 'utf8')
  },
  serializeInto(topic, data, _headers, target, offset) {
    if (typeof data !== 'string') throw wrongType('stringSerializer', 'string', data, topic)
    return writeUtf8(data, target, offset)
  },
}

export const stringDeserializer: Deserializer<string> = {
  deserialize: (_topic, data) => data.toString('utf8'),
}

/** Values as JSON.stringify writes them; what JSON has no form for (undefined, a function, a bigint, a cycle) is a SERIALIZATION error. */
export function jsonSerializer<T = unknown>(): Serializer<T> {
  return {
    serialize: (topic, data) => Buffer.from(toJson(topic, data), 'utf8'),
    serializeInto: (topic, data, _headers, target, offset) => writeUtf8(toJson(topic, data), target, offset),
  }
}

/** Values as JSON.parse reads them; `T` is the caller's word, nothing checks it. */
export function jsonDeserializer<T = unknown>(): Deserializer<T> {
  return {
    deserialize(topic, data) {
      try {
        return JSON.parse(data.toString('utf8')) as T
      } catch {
        // The parser's own message quotes the data.
        throw new KafkaError('SERIALIZATION', `jsonDeserializer: ${data.length} bytes of topic "${topic}" are not valid JSON`, { topic })
      }
    },
  }
}

/** Below this length a loop over the characters is faster than the call into Node's string encoder. */
const SHORT = 24

function writeUtf8(text: string, target: Buffer, offset: number): number {
  const { length } = text
  const room = target.length - offset
  if (length > room) return -1
  if (length <= SHORT) {
    let at = 0
    for (; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code > 0x7f) break
      target[offset + at] = code
    }
    if (at === length) return length
  }
  // UTF-8 takes at most three bytes for each UTF-16 unit, so most texts need not be measured first.
  if (length * 3 > room && Buffer.byteLength(text, 'utf8') > room) return -1
  return target.write(text, offset, room, 'utf8')
}

function toJson(topic: string, data: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (cause) {
    // V8 names the property of a cycle; that is a name, yet it may be data: only the kind of failure is kept.
    throw new KafkaError(
      'SERIALIZATION',
      `jsonSerializer: the ${typeof data} for topic "${topic}" has no JSON form (${kindOfFailure(cause)})`,
      { topic },
    )
  }
  if (text === undefined) throw wrongType('jsonSerializer', 'value with a JSON form', data, topic)
  return text
}

function kindOfFailure(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : ''
  if (message.includes('circular')) return 'it refers to itself'
  if (message.includes('BigInt')) return 'it holds a bigint'
  return cause instanceof Error ? cause.name : 'toJSON failed'
}

function wrongType(serializer: string, wanted: string, data: unknown, topic: string): KafkaError {
  const given = data instanceof Uint8Array ? 'bytes' : Array.isArray(data) ? 'array' : typeof data
  return new KafkaError('SERIALIZATION', `${serializer} takes a ${wanted}, but was given a value of type ${given} for topic "${topic}"`, {
    topic,
  })
}
