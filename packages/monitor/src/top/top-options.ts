/** What `npx sluice top` is asked for. */
export interface TopOptions {
  /** Where the collector is. @default http://127.0.0.1:9470 */
  readonly url?: string
  /** Sent as a bearer token. @default what the address holds, or else the variable SLUICE_MONITOR_TOKEN */
  readonly token?: string
  /** Milliseconds between two looks at the collector. @default 1000 */
  readonly intervalMs?: number
  /** Only streams of these topics; `*` stands for any characters. */
  readonly topics?: readonly string[]
  /** Only streams of these groups; `*` stands for any characters. */
  readonly groups?: readonly string[]
  /** One frame, without control of the terminal. */
  readonly once?: boolean
  /** A line of JSON an interval. */
  readonly json?: boolean
  /** No character beyond ASCII. */
  readonly ascii?: boolean
}

export interface Environment {
  readonly [name: string]: string | undefined
}

const DEFAULT_URL = 'http://127.0.0.1:9470'
const DEFAULT_INTERVAL_MS = 1000
const LEAST_INTERVAL_MS = 250
const MOST_INTERVAL_MS = 3_600_000

/** An option that cannot be; the message names it and its value. */
export class TopOptionError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TopOptionError'
  }
}

export interface Collector {
  readonly url: URL
  readonly token: string | undefined
}

/** The address as it is printed for the page works too: its `?token=` is the token. */
export function collectorOf({ url: text = DEFAULT_URL, token }: TopOptions, env: Environment): Collector {
  const withScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined
  if (url === undefined) throw new TopOptionError(`--url must be an address such as ${DEFAULT_URL}, not "${text}"`)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TopOptionError(`--url must begin with http:// or https://, not "${url.protocol}//"`)
  if (url.username !== '' || url.password !== '')
    throw new TopOptionError('--url must not hold a user or password; give --token, or SLUICE_MONITOR_TOKEN')
  const shown = token ?? url.searchParams.get('token') ?? (env.SLUICE_MONITOR_TOKEN || undefined)
  // A header takes nothing else; the token itself is not repeated.
  if (shown !== undefined && !/^[\x21-\x7e]+$/.test(shown))
    throw new TopOptionError('--token must be of printable ASCII characters, without a space')
  return { url, token: shown }
}

export function intervalOf({ intervalMs = DEFAULT_INTERVAL_MS }: TopOptions): number {
  if (!(intervalMs >= LEAST_INTERVAL_MS && intervalMs <= MOST_INTERVAL_MS)) {
    throw new TopOptionError(
      `--interval must be from ${LEAST_INTERVAL_MS / 1000} to ${MOST_INTERVAL_MS / 1000} seconds, not ${intervalMs / 1000}`,
    )
  }
  return intervalMs
}

/** https://no-color.org, and FORCE_COLOR as Node reads it: when both are there, FORCE_COLOR is it. */
export function wantsColour(env: Environment, isTerminal: boolean): boolean {
  const { FORCE_COLOR: forced } = env
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
}

/** Where nobody says that it is another set of characters, it is Unicode; the console of Linux has no glyphs for it. */
export function wantsAscii({ ascii = false }: TopOptions, env: Environment): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || 'UTF-8'
  return ascii || env.TERM === 'linux' || !/utf-?8/i.test(locale)
}
