import { configError, KafkaError } from 'sluice'

/** What is needed of a Redis client: an ioredis `Redis` or `Cluster` has it. */
export interface RedisClient {
  /** Sends one command and resolves with its reply. */
  call(command: string, ...args: (string | number)[]): Promise<unknown>
}

/** A client, and how to let go of it. */
export interface RedisConnection {
  readonly client: RedisClient
  /** The client was made here, and ends with this. */
  readonly isOwn: boolean
  /** Resolves when commands go through, or after `timeoutMs`. Never rejects. */
  ready(timeoutMs: number): Promise<void>
  /** Why a client that was made here has no connection: what its commands fail with does not tell, be it a wrong password or a wrong name. */
  trouble(): Error | undefined
  close(): void
}

/** For option tables: a URL, or a client. */
export const redisRow: { readonly default: string | RedisClient | undefined; check(value: unknown): string | null } = {
  default: undefined,
  check(value) {
    if (value === undefined || isClient(value)) return null
    if (typeof value !== 'string') return `must be a URL or an ioredis client, not ${value === null ? 'null' : typeof value}`
    // The URL may hold a password.
    return /^rediss?:\/\//.test(value) ? null : 'must be a URL that begins with redis:// or rediss://'
  },
}

const CONNECT_TIMEOUT_MS = 5000
const LONGEST_RETRY_MS = 1000

/**
 * A client stays its owner's. For a URL a client is made that never keeps a command waiting for a connection: commands
 * fail at once while Redis is away, and go through when it is back.
 */
export function openRedis(
  redis: string | RedisClient,
  interceptor: string,
  commandTimeoutMs: number,
): RedisConnection | Promise<RedisConnection> {
  if (typeof redis !== 'string')
    return { client: redis, isOwn: false, ready: (timeoutMs) => whenReady(redis, timeoutMs), trouble: () => undefined, close() {} }
  return connect(redis, interceptor, commandTimeoutMs)
}

async function connect(url: string, interceptor: string, commandTimeoutMs: number): Promise<RedisConnection> {
  const { Redis } = await import('ioredis').catch((cause) => {
    throw new KafkaError('CONFIG', `${interceptor} with a Redis URL needs the package ioredis: npm install ioredis`, { cause })
  })
  let client: InstanceType<typeof Redis>
  try {
    client = new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      enableAutoPipelining: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: commandTimeoutMs,
      retryStrategy: (attempt) => Math.min(LONGEST_RETRY_MS, 25 * 2 ** Math.min(attempt, 10)),
    })
  } catch {
    // Its message quotes the URL.
    throw configError(`${interceptor}: redis is a URL that ioredis cannot read`)
  }
  let lastError: Error | undefined
  client.on('error', (error) => {
    lastError = error
  })
  return {
    client,
    isOwn: true,
    ready: (timeoutMs) => whenReady(client, timeoutMs),
    trouble: () => (client.status === 'ready' ? undefined : lastError),
    close: () => client.disconnect(),
  }
}

/** What ioredis has, and other clients may lack. */
interface Connecting extends RedisClient {
  readonly status?: unknown
  once?(event: 'ready', listener: () => void): unknown
  off?(event: 'ready', listener: () => void): unknown
}

/** Whoever asks how a client stands, as rate-limiter-flexible does, would take one that is just connecting for one that is away. */
function whenReady(client: Connecting, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (typeof client.status !== 'string' || client.status === 'ready' || typeof client.once !== 'function') return resolve()
    const timer = setTimeout(done, timeoutMs)
    client.once('ready', done)
    // With lazyConnect it connects for its first command.
    if (client.status === 'wait') client.call('PING').catch(() => {})
    function done(): void {
      clearTimeout(timer)
      client.off?.('ready', done)
      resolve()
    }
  })
}

function isClient(value: unknown): value is RedisClient {
  return typeof value === 'object' && value !== null && typeof (value as Partial<RedisClient>).call === 'function'
}

/** An ioredis Cluster takes commands for keys of one slot only. */
export function isCluster(client: RedisClient): boolean {
  return (client as { isCluster?: unknown }).isCluster === true
}
