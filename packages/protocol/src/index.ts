// The wire.
export { decodeRequestHeader, decodeResponse, encodeRequest, encodeResponse, FrameSplitter, type RequestHeader } from './wire/frames.ts'
export type { Api, MessageCodec, Writable } from './wire/message-codec.ts'
export { ProtocolError, type ProtocolErrorCode } from './wire/protocol-error.ts'
export { Reader } from './wire/reader.ts'
export { type Bytes, Writer } from './wire/writer.ts'
