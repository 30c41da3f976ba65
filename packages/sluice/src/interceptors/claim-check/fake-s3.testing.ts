import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

/**
 * A stand-in for S3 in tests: PUT, GET and DELETE of objects by path. It checks what S3 checks of these: the signature (version
 * 4) over method, path, query, headers and body, and the checksum that came along. It is no S3 server.
 */
export class FakeS3 implements AsyncDisposable {
  readonly objects: Map<string, Buffer> = new Map<string, Buffer>()
  readonly requests: SeenRequest[] = []
  /** Answers of requests to come, in place of what would be done: a status. */
  readonly failures: number[] = []
  readonly #server: Server
  readonly #secret: string

  private constructor(server: Server, secret: string) {
    this.#server = server
    this.#secret = secret
  }

  static async start(secret: string): Promise<FakeS3> {
    const server = createServer()
    const fake = new FakeS3(server, secret)
    server.on('request', (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { status, body } = fake.#answer(request, Buffer.concat(chunks))
        response.writeHead(status, {
          'content-length': body.length,
          'content-type': status < 300 ? 'application/octet-stream' : 'application/xml',
        })
        response.end(body)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return fake
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #answer(request: IncomingMessage, body: Buffer): { readonly status: number; readonly body: Buffer } {
    const method = request.method!
    const { pathname } = new URL(request.url!, this.endpoint)
    this.requests.push({ method, path: pathname, headers: request.headers })
    const failure = this.failures.shift()
    if (failure !== undefined) return refusal(failure, 'InternalError')
    if (!this.#isSigned(request, body)) return refusal(403, 'SignatureDoesNotMatch')
    if (method === 'PUT') {
      const checksum = request.headers['x-amz-checksum-sha256']
      if (checksum !== createHash('sha256').update(body).digest('base64')) return refusal(400, 'BadDigest')
      this.objects.set(pathname, body)
      return { status: 200, body: Buffer.alloc(0) }
    }
    if (method === 'DELETE') {
      this.objects.delete(pathname)
      return { status: 204, body: Buffer.alloc(0) }
    }
    const found = this.objects.get(pathname)
    return found === undefined ? refusal(404, 'NoSuchKey') : { status: 200, body: found }
  }

  #isSigned(request: IncomingMessage, body: Buffer): boolean {
    const parts =
      /^AWS4-HMAC-SHA256 Credential=[^/]+\/(\d+)\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
        request.headers.authorization ?? '',
      )
    if (parts === null) return false
    const [, date, region, signedHeaders, signature] = parts as unknown as [string, string, string, string, string]
    const bodyHash = request.headers['x-amz-content-sha256'] as string
    if (bodyHash !== sha256(body)) return false
    const { pathname, searchParams } = new URL(request.url!, this.endpoint)
    const query = [...searchParams].map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).sort()
    const canonical = [
      request.method,
      pathname,
      query.join('&'),
      ...signedHeaders.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}`),
      '',
      signedHeaders,
      bodyHash,
    ].join('\n')
    const scope = `${date}/${region}/s3/aws4_request`
    const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, sha256(canonical)].join('\n')
    const key = [date, region, 's3', 'aws4_request'].reduce<Buffer>(
      (secret, part) => hmac(secret, part),
      Buffer.from(`AWS4${this.#secret}`),
    )
    return hmac(key, text).toString('hex') === signature
  }
}

function refusal(status: number, code: string): { readonly status: number; readonly body: Buffer } {
  return { status, body: Buffer.from(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`) }
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
