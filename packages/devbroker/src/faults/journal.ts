import type { Cluster } from '../broker/cluster.ts'
import type { Clock } from '../clock.ts'
import { DevBrokerError } from '../errors.ts'
import type { RequestContext } from '../handlers/handler.ts'
import type { DevBrokerApi } from './api-messages.ts'
import { checkApi } from './check-api.ts'
import { checkFields } from './fault.ts'

/**
 * - pending: the answer has not left yet
 * - answered: what was sent, with or without an error
 * - unasked: acks 0, for which there is no answer
 * - dropped: the connection was closed in place of an answer, by a fault or because the request was wrong
 * - truncated: a part of the answer was sent, then the connection was closed
 * - withheld: there will be no answer
 * - abandoned: the client closed the connection, or the broker's node went down, before the answer left
 */
export type RequestOutcome = 'pending' | 'answered' | 'unasked' | 'dropped' | 'truncated' | 'withheld' | 'abandoned'

/** One request that came to the broker. */
export interface JournalEntry {
  readonly node: number
  readonly api: DevBrokerApi
  readonly version: number
  readonly clientId: string | null
  /** When it was taken up, in milliseconds since 1970, on the broker's clock. */
  readonly at: number
  /** From then until the answer left; null while it has not. */
  readonly latencyMs: number | null
  readonly outcome: RequestOutcome
  /** The first error code in the answer; 0 when there is none. */
  readonly errorCode: number
  /** What was injected, such as `NOT_LEADER_OR_FOLLOWER` or `dropAfter`; null for nothing. */
  readonly fault: string | null
  /** Names of the topics that it is about. */
  readonly topics: readonly string[]
}

export interface JournalFilter {
  readonly api?: DevBrokerApi
  readonly node?: number
  readonly clientId?: string
}

export interface JournalWait extends JournalFilter {
  /** How many requests must be in the journal. @default 1 */
  readonly count?: number
  /** @default 10000 */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

interface Waiter {
  readonly filter: JournalFilter
  missing: number
  readonly done: () => void
  readonly fail: (error: Error) => void
}

const FILTERS: readonly string[] = ['api', 'node', 'clientId']
const DEFAULT_TIMEOUT_MS = 10_000

/** The last requests that came to the broker, oldest first. */
export interface DevBrokerJournal {
  /** Those that match, oldest first: the entries themselves, which change until they are answered. */
  requests(filter?: JournalFilter): JournalEntry[]
  /** Forgets what came so far. */
  clear(): void
  /**
   * Resolves as soon as `count` matching requests have come, those included that are in the journal already. They need not
   * be answered yet. Rejects with REQUEST_TIMED_OUT, with CLOSED, or with the signal's reason.
   */
  waitFor(wait: JournalWait): Promise<JournalEntry[]>
}

export class Journal implements DevBrokerJournal {
  readonly #capacity: number
  readonly #clock: Clock
  /** A ring once it is full: `#next` is then the oldest. */
  #entries: RequestRecord[] = []
  #next = 0
  readonly #waiters: Set<Waiter> = new Set()
  #closed = false

  constructor(capacity: number, clock: Clock) {
    this.#capacity = capacity
    this.#clock = clock
  }

  requests(filter: JournalFilter = {}): JournalEntry[] {
    checkFilter(filter, FILTERS)
    return this.#inOrder().filter((entry) => matches(entry, filter))
  }

  clear(): void {
    this.#entries = []
    this.#next = 0
  }

  waitFor(wait: JournalWait): Promise<JournalEntry[]> {
    checkFilter(wait, [...FILTERS, 'count', 'timeoutMs', 'signal'])
    const { count = 1, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = wait
    const filter: JournalFilter = { api: wait.api, node: wait.node, clientId: wait.clientId }
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (this.#capacity === 0) return reject(new DevBrokerError('INVALID_OPTION', 'there is no journal: journalSize is 0'))
      if (this.#closed) return reject(new DevBrokerError('CLOSED', 'the development broker is closed'))
      const present = this.requests(filter)
      if (present.length >= count) return resolve(present)
      const timer = this.#clock.setTimer(() => {
        const came = count - waiter.missing
        const what = `${count} requests${wait.api === undefined ? '' : ` ${wait.api}`}`
        waiter.fail(new DevBrokerError('REQUEST_TIMED_OUT', `waited ${timeoutMs} ms for ${what}: ${came} came`))
      }, timeoutMs)
      const settle = (): void => {
        timer.cancel()
        signal?.removeEventListener('abort', abort)
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter = {
        filter,
        missing: count - present.length,
        done: () => {
          settle()
          resolve(this.requests(filter))
        },
        fail: (error) => {
          settle()
          reject(error)
        },
      }
      const abort = (): void => waiter.fail(signal!.reason)
      signal?.addEventListener('abort', abort)
      this.#waiters.add(waiter)
    })
  }

  /** Notes a request that is about to be handled. */
  begin(api: string, context: RequestContext, request: unknown): RequestRecord {
    const entry = new RequestRecord(api as DevBrokerApi, context, topicsOf(request, context.cluster), this.#clock)
    if (this.#entries.length < this.#capacity) this.#entries.push(entry)
    else {
      this.#entries[this.#next] = entry
      this.#next = (this.#next + 1) % this.#capacity
    }
    for (const waiter of this.#waiters) {
      if (matches(entry, waiter.filter) && --waiter.missing === 0) waiter.done()
    }
    return entry
  }

  close(): void {
    this.#closed = true
    for (const waiter of [...this.#waiters]) waiter.fail(new DevBrokerError('CLOSED', 'the development broker was closed'))
  }

  #inOrder(): RequestRecord[] {
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)]
  }
}

/** An entry while its request is on its way through the broker. */
export class RequestRecord implements JournalEntry {
  readonly node: number
  readonly api: DevBrokerApi
  readonly version: number
  readonly clientId: string | null
  readonly at: number
  readonly topics: readonly string[]
  latencyMs: number | null = null
  outcome: RequestOutcome = 'pending'
  errorCode = 0
  fault: string | null = null
  readonly #clock: Clock
  readonly #startedAt: number

  constructor(api: DevBrokerApi, context: RequestContext, topics: readonly string[], clock: Clock) {
    this.node = context.node.id
    this.api = api
    this.version = context.version
    this.clientId = context.clientId
    this.at = clock.now()
    this.topics = topics
    this.#clock = clock
    this.#startedAt = clock.monotonic()
  }

  /** Only the first end counts. */
  end(outcome: RequestOutcome): void {
    if (this.outcome !== 'pending') return
    this.outcome = outcome
    this.latencyMs = this.#clock.monotonic() - this.#startedAt
  }
}

function checkFilter(filter: JournalFilter, known: readonly string[]): void {
  checkFields(filter, known, 'filter of the journal')
  if (filter.api !== undefined) checkApi(filter.api)
}

function matches(entry: JournalEntry, { api, node, clientId }: JournalFilter): boolean {
  return (
    (api === undefined || entry.api === api) &&
    (node === undefined || entry.node === node) &&
    (clientId === undefined || entry.clientId === clientId)
  )
}

/** Requests name their topics in a few ways, or by id only. */
function topicsOf(request: any, cluster: Cluster): string[] {
  const groups = request.groups as unknown[] | undefined
  const lists: any[] =
    request.topicData ?? request.topics ?? request.topicNames ?? groups?.flatMap((group: any) => group.topics ?? []) ?? []
  const names: string[] = []
  for (const topic of lists) {
    const name = typeof topic === 'string' ? topic : topic.name || topic.topic || cluster.topicById(topic.topicId)?.name
    if (typeof name === 'string') names.push(name)
  }
  return names
}

/** The first error code of a response, at the top or in its lists. */
export function firstError(response: any): number {
  if (typeof response.errorCode === 'number' && response.errorCode !== 0) return response.errorCode
  for (const value of Object.values(response)) {
    if (!Array.isArray(value) || typeof value[0] !== 'object' || Buffer.isBuffer(value[0])) continue
    for (const item of value) {
      const errorCode = item === null || Buffer.isBuffer(item) ? 0 : firstError(item)
      if (errorCode !== 0) return errorCode
    }
  }
  return 0
}
