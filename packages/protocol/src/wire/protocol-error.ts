/**
 * Bytes that do not follow the protocol, or a message that a version cannot carry.
 * `position` is the byte offset in the buffer being read (or -1 when nothing was read).
 */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode
  readonly position: number

  constructor(code: ProtocolErrorCode, message: string, position = -1, options?: ErrorOptions) {
    super(position < 0 ? message : `${message} (at byte ${position})`, options)
    this.name = 'ProtocolError'
    this.code = code
    this.position = position
  }
}

export type ProtocolErrorCode =
  /** The bytes end before the value does. */
  | 'TRUNCATED'
  /** A length, count or number is outside what it may be. */
  | 'OUT_OF_RANGE'
  /** The bytes contradict the format. */
  | 'MALFORMED'
  /** A checksum does not match. */
  | 'CORRUPT'
  /** The message cannot be expressed in this version, or the version is not known. */
  | 'UNSUPPORTED_VERSION'
  /** A codec (compression) that is unknown, or whose package is not installed. */
  | 'UNSUPPORTED_CODEC'
