import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Logger } from 'sluice'
import { AccessToken, isLoopback, namesLoopback, tokenCookie } from './access-token.ts'
import { HttpError } from './http-error.ts'

const zip = promisify(gzip)
const WORTH_ZIPPING_BYTES = 2048
const CLOSE_TIMEOUT_MS = 2000

/** An answer as a route gives it. */
export interface Answer {
  readonly status?: number
  readonly type: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** Given the path without its query. Resolves with the answer, or null when it has answered by itself. */
export type Handler = (request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams) => Promise<Answer | null>

export interface HttpServerOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly token: string | undefined
  readonly logger: Logger
  readonly handler: Handler
}

/** Nothing from elsewhere, nothing inline, nobody may frame it. */
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** Paths that tell no secret, for load balancers. */
const OPEN_PATHS = new Set(['/healthz'])

/** Who may ask, how long, and what every answer carries; what is answered is the handler's. */
export class HttpServer {
  readonly #server: Server
  readonly #options: HttpServerOptions
  readonly #token: AccessToken | undefined

  private constructor(options: HttpServerOptions) {
    this.#options = options
    this.#token = options.token === undefined ? undefined : new AccessToken(options.token)
    this.#server = createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => void this.#serve(request, response))
    this.#server.requestTimeout = 30_000
    this.#server.headersTimeout = 10_000
    this.#server.keepAliveTimeout = 5000
    this.#server.maxConnections = 1024
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
      else socket.destroy()
    })
  }

  static async listen(options: HttpServerOptions): Promise<HttpServer> {
    const server = new HttpServer(options)
    server.#server.listen({ port: options.port, host: options.host })
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo
    const host = address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address
    return `http://${host}:${port}/`
  }

  /** Answers what is under way, for two seconds. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    const force = setTimeout(() => this.#server.closeAllConnections(), CLOSE_TIMEOUT_MS)
    await closed
    clearTimeout(force)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {})
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
    try {
      const target = request.url ?? '/'
      const mark = target.indexOf('?')
      const path = mark === -1 ? target : target.slice(0, mark)
      const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1))
      if (!OPEN_PATHS.has(path)) {
        if (this.#tookTokenFromAddress(request, response, path, query)) return
        this.#admit(request, response)
      }
      const answer = await this.#options.handler(request, response, path, query)
      if (answer !== null) await send(request, response, answer)
    } catch (error) {
      await this.#fail(request, response, error)
    }
  }

  /** Throws 401 or 403. */
  #admit(request: IncomingMessage, response: ServerResponse): void {
    if (this.#token === undefined) {
      if (isLoopback(this.#options.host) && !namesLoopback(request.headers.host)) {
        throw new HttpError(403, 'without a token this monitor answers only to the name of this machine, such as localhost', 'host')
      }
      refuseOtherSites(request)
      return
    }
    const shownBy = this.#token.shownBy(request)
    if (shownBy === undefined) {
      response.setHeader('www-authenticate', 'Bearer realm="sluice monitor"')
      throw new HttpError(401, 'a token is needed: send "Authorization: Bearer <token>", or open the page with ?token=<token>')
    }
    if (shownBy === 'cookie') refuseOtherSites(request)
  }

  /** A page opened with ?token= gets a cookie in its place, so that the token does not stay in the address. */
  #tookTokenFromAddress(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): boolean {
    const candidate = query.get('token')
    if (candidate === null || request.method !== 'GET' || path.startsWith('/api/') || !path.startsWith('/')) return false
    query.delete('token')
    // No second slash: "//host" would lead to another site.
    const clean = `/${path.replace(/^[/\\]+/, '')}`
    const location = query.size === 0 ? clean : `${clean}?${query}`
    const headers: Record<string, string> = { location, 'cache-control': 'no-store' }
    if (this.#token?.matches(candidate)) headers['set-cookie'] = tokenCookie(candidate)
    else if (this.#token !== undefined) return false
    response.writeHead(303, headers).end()
    return true
  }

  async #fail(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    let answer: HttpError
    if (error instanceof HttpError) answer = error
    else if (request.destroyed && !request.complete) {
      response.destroy()
      return
    } else {
      this.#options.logger.error('a request to the monitor failed', { path: request.url?.split('?')[0], error })
      answer = new HttpError(500, 'this failed inside the monitor; its log says why')
    }
    if (response.headersSent) {
      response.destroy()
      return
    }
    // What is left of the body is not read.
    if (!request.complete) response.setHeader('connection', 'close')
    const body = { error: answer.message, ...(answer.parameter === undefined ? {} : { parameter: answer.parameter }) }
    await send(request, response, { status: answer.status, type: 'application/json', body: JSON.stringify(body) }).catch(() =>
      response.destroy(),
    )
  }
}

/** A page of another site can make a browser send requests here; no answer of ours is for it. */
function refuseOtherSites(request: IncomingMessage): void {
  const site = request.headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return
  // Following a link to the page is fine: it is a navigation, and reads nothing.
  if (request.method === 'GET' && request.headers['sec-fetch-mode'] === 'navigate') return
  throw new HttpError(403, 'pages of other sites may not ask this monitor')
}

async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  let body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  const headers: Record<string, string> = { 'cache-control': 'no-store', 'content-type': answer.type, ...answer.headers }
  if (headers['content-encoding'] === undefined && body.length > WORTH_ZIPPING_BYTES && acceptsGzip(request)) {
    body = await zip(body, { level: 4 })
    headers['content-encoding'] = 'gzip'
    headers.vary = 'accept-encoding'
  }
  headers['content-length'] = String(body.length)
  response.writeHead(answer.status ?? 200, headers)
  response.end(request.method === 'HEAD' ? undefined : body)
}

export function acceptsGzip(request: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(request.headers['accept-encoding'] ?? ''))
}
