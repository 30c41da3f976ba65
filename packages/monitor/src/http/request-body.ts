import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { HttpError } from './http-error.ts'

const unzip = promisify(gunzip)

/** Of one request as it is sent. */
export const MAX_BODY_BYTES: number = 8 * 1024 * 1024
/** Of one request when it is unpacked: zeros pack a thousand to one. */
export const MAX_UNPACKED_BYTES: number = 64 * 1024 * 1024

/** Reads a JSON body, packed or not. Throws HttpError 413, 415 or 400; reads no further than it has to. */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
  if (type !== 'application/json') throw new HttpError(415, 'content-type must be application/json', 'content-type')
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new HttpError(415, 'content-encoding must be gzip, or left out', 'content-encoding')
  }
  if (Number(request.headers['content-length']) > MAX_BODY_BYTES) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  const text = encoding === 'gzip' ? await unpacked(body) : body
  try {
    return JSON.parse(text.toString('utf8'))
  } catch {
    throw new HttpError(400, 'the body is not JSON', 'body')
  }
}

async function unpacked(body: Buffer): Promise<Buffer> {
  try {
    return await unzip(body, { maxOutputLength: MAX_UNPACKED_BYTES })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge()
    throw new HttpError(400, 'the body is not gzip, although content-encoding says so', 'body')
  }
}

function tooLarge(): HttpError {
  return new HttpError(413, `a body may have ${MAX_BODY_BYTES} bytes at most, ${MAX_UNPACKED_BYTES} when unpacked`, 'body')
}
