import { ProtocolError } from '../wire/protocol-error.ts'

export function corrupt(codec: string, reason: string, at = -1, cause?: unknown): ProtocolError {
  return new ProtocolError('CORRUPT', `records are not valid ${codec}: ${reason}`, at, cause === undefined ? undefined : { cause })
}

export function tooLarge(codec: string, maxBytes: number): ProtocolError {
  return new ProtocolError('OUT_OF_RANGE', `records compressed with ${codec} are larger than ${maxBytes} bytes`)
}

/** What node:zlib threw while decompressing, in our terms. */
export function fromZlibError(codec: string, cause: unknown, maxBytes: number): ProtocolError {
  const { code, message } = cause as NodeJS.ErrnoException
  return code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(codec, maxBytes) : corrupt(codec, message, -1, cause)
}
