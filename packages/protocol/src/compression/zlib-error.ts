import { ProtocolError } from '../wire/protocol-error.ts'

/** What node:zlib threw while decompressing, in our terms. */
export function fromZlibError(codec: string, cause: unknown, maxBytes: number): ProtocolError {
  if ((cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(codec, maxBytes)
  return new ProtocolError('CORRUPT', `the records are not valid ${codec}`, -1, { cause })
}

export function tooLarge(codec: string, maxBytes: number): ProtocolError {
  return new ProtocolError('OUT_OF_RANGE', `records compressed with ${codec} are larger than ${maxBytes} bytes`)
}
