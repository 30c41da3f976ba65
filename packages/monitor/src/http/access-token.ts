import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** Where a browser keeps the token that it came with; `EventSource` and links cannot send an Authorization header. */
const COOKIE = 'sluice_monitor'

/** How a request showed the token: a cookie also goes along with what other sites make a browser send. */
export type ShownBy = 'header' | 'cookie'

/** Knows a token without keeping it, and compares in a time that tells nothing about it. */
export class AccessToken {
  readonly #digest: Buffer

  constructor(token: string) {
    this.#digest = digest(token)
  }

  matches(candidate: string): boolean {
    return timingSafeEqual(this.#digest, digest(candidate))
  }

  shownBy(request: IncomingMessage): ShownBy | undefined {
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined) return this.matches(bearer) ? 'header' : undefined
    const cookie = cookieOf(request)
    return cookie !== undefined && this.matches(cookie) ? 'cookie' : undefined
  }
}

/** A cookie for this browser session, out of reach of scripts and of other sites. */
export function tokenCookie(token: string): string {
  return `${COOKIE}=${encodeURIComponent(token)}; Path=/; HttpOnly; SameSite=Strict`
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true
  return isIP(name) === 4 && name.startsWith('127.')
}

/**
 * False when a browser was led here under a name of somebody else (DNS rebinding): then a page of that name could read
 * everything, although only this machine can connect.
 */
export function namesLoopback(hostHeader: string | undefined): boolean {
  if (hostHeader === undefined) return true
  return isLoopback(hostHeader.replace(/:\d+$/, ''))
}

function cookieOf(request: IncomingMessage): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2)
    if (name !== COOKIE || value === undefined) continue
    try {
      return decodeURIComponent(value)
    } catch {
      return undefined
    }
  }
  return undefined
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
