import type { MessageCodec, Writable } from './message-codec.ts'
import { ProtocolError } from './protocol-error.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

export { byteLength } from './writer.ts'

/** What the generated codecs share. */

/** Kafka's `Uuid.ZERO_UUID`: no id. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

export const EMPTY_BYTES: Buffer = Buffer.alloc(0)

export function messageCodec<T>(
  name: string,
  minVersion: number,
  maxVersion: number,
  flexibleVersion: number,
  readMessage: (reader: Reader, version: number) => T,
  writeMessage: (writer: Writer, message: Writable<T>, version: number) => void,
): MessageCodec<T> {
  const check = (version: number): void => {
    if (version >= minVersion && version <= maxVersion) return
    throw new ProtocolError('UNSUPPORTED_VERSION', `${name} version ${version} is outside ${minVersion} to ${maxVersion}`)
  }
  return {
    name,
    minVersion,
    maxVersion,
    flexibleVersion,
    read(reader, version) {
      check(version)
      return readMessage(reader, version)
    },
    write(writer, message, version) {
      check(version)
      writeMessage(writer, message, version)
    },
  }
}

export function skipTaggedFields(reader: Reader): void {
  const count = reader.unsignedVarint()
  for (let i = 0; i < count; i++) {
    reader.unsignedVarint()
    reader.take(reader.unsignedVarint())
  }
}

/** Reads a tagged field's size and returns where the field ends. */
export function taggedFieldEnd(reader: Reader): number {
  const size = reader.unsignedVarint()
  if (size > reader.remaining) {
    throw new ProtocolError('TRUNCATED', `a tagged field of ${size} bytes where ${reader.remaining} remain`, reader.position)
  }
  return reader.position + size
}

export function checkTaggedField(reader: Reader, message: string, tag: number, end: number): void {
  if (reader.position === end) return
  throw new ProtocolError('MALFORMED', `${message}: tagged field ${tag} should end at byte ${end}`, reader.position)
}

export function unexpectedNull(reader: Reader, message: string, field: string): ProtocolError {
  return new ProtocolError('MALFORMED', `${message}: ${field} may not be null`, reader.position)
}

export function unsupportedField(message: string, field: string, version: number): ProtocolError {
  return new ProtocolError('UNSUPPORTED_VERSION', `${message} version ${version} has no field ${field}, which is not at its default`)
}

export function unsupportedNull(message: string, field: string, version: number): ProtocolError {
  return new ProtocolError('UNSUPPORTED_VERSION', `${message} version ${version} does not allow null in ${field}`)
}
