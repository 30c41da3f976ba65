import type { ErrorName } from '@sluice/protocol'
import type { DevBrokerApi } from './api-messages.ts'
import { apiNames, type ErrorPlace } from './error-places.ts'
import { checked, errorCodeOf, Fault } from './fault.ts'
import type { ScopedFault } from './fault-queues.ts'
import { derivedSeed, seededRandom } from './seeded-random.ts'

export interface ChaosRates {
  /** Share of requests whose connection is closed before they are executed, 0 to 1. @default 0 */
  readonly dropBefore?: number
  /** Share of requests that are executed and whose connection is then closed, 0 to 1. @default 0 */
  readonly dropAfter?: number
  /** Share of requests of which one partition, or all if there are none, fails with one of `errors`, 0 to 1. @default 0 */
  readonly error?: number
  /** Every answer leaves up to so much later. @default 0 */
  readonly delayMs?: number
}

export interface ChaosOptions {
  /** The same seed gives the nth request of an API to a node the same fate. @default 1 */
  readonly seed?: number
  readonly rates: ChaosRates
  /** @default all but ApiVersions, SaslHandshake and SaslAuthenticate */
  readonly apis?: readonly DevBrokerApi[]
  /** Errors by name or number. @default those from which clients recover, by API */
  readonly errors?: readonly (ErrorName | number)[]
}

const SESSION_APIS: readonly DevBrokerApi[] = ['ApiVersions', 'SaslHandshake', 'SaslAuthenticate']

const PARTITION_ERRORS: readonly ErrorName[] = ['NOT_LEADER_OR_FOLLOWER', 'UNKNOWN_TOPIC_OR_PARTITION']
const GROUP_ERRORS: readonly ErrorName[] = ['COORDINATOR_LOAD_IN_PROGRESS', 'NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE']
const RETRIABLE_ERRORS: Readonly<Partial<Record<DevBrokerApi, readonly ErrorName[]>>> = {
  Produce: [...PARTITION_ERRORS, 'REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS', 'KAFKA_STORAGE_ERROR'],
  Fetch: PARTITION_ERRORS,
  ListOffsets: PARTITION_ERRORS,
  OffsetForLeaderEpoch: PARTITION_ERRORS,
  DeleteRecords: PARTITION_ERRORS,
  Metadata: ['LEADER_NOT_AVAILABLE'],
  FindCoordinator: ['COORDINATOR_NOT_AVAILABLE'],
  OffsetCommit: GROUP_ERRORS,
  OffsetFetch: GROUP_ERRORS,
  JoinGroup: GROUP_ERRORS,
  SyncGroup: GROUP_ERRORS,
  Heartbeat: GROUP_ERRORS,
  LeaveGroup: GROUP_ERRORS,
  DescribeGroups: GROUP_ERRORS,
  ListGroups: GROUP_ERRORS,
  DeleteGroups: GROUP_ERRORS,
  OffsetDelete: GROUP_ERRORS,
  InitProducerId: ['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE'],
}
const OTHER_ERRORS: readonly ErrorName[] = ['REQUEST_TIMED_OUT']

/** Faults by chance, which a seed repeats. */
export class Chaos {
  readonly #seed: number
  readonly #rates: Required<ChaosRates>
  readonly #apis: ReadonlySet<string>
  readonly #errorCodes: readonly number[] | null
  readonly #random: Map<string, () => number> = new Map()

  constructor({ seed = 1, rates, apis, errors }: ChaosOptions) {
    this.#seed = seed
    const { dropBefore = 0, dropAfter = 0, error = 0, delayMs = 0 } = rates
    this.#rates = { dropBefore, dropAfter, error, delayMs: checked('rates.delayMs', delayMs) }
    this.#apis = new Set(apis ?? apiNames.filter((api) => !SESSION_APIS.includes(api)))
    this.#errorCodes = errors === undefined || errors.length === 0 ? null : errors.map(errorCodeOf)
  }

  take(api: DevBrokerApi, node: number, places: () => readonly ErrorPlace[]): ScopedFault[] {
    if (!this.#apis.has(api)) return []
    const random = this.#randomOf(api, node)
    // The same count of numbers for every request, so that one does not shift the fate of the next.
    const [fate, delay, choice, place] = [random(), random(), random(), random()]
    const { dropBefore, dropAfter, error, delayMs } = this.#rates
    const taken: ScopedFault[] = delayMs > 0 ? [{ fault: Fault.delay(Math.round(delay * delayMs)), scope: {} }] : []
    if (fate < dropBefore) taken.push({ fault: Fault.dropBefore, scope: {} })
    else if (fate < dropBefore + dropAfter) taken.push({ fault: Fault.dropAfter, scope: {} })
    else if (fate < dropBefore + dropAfter + error) {
      const codes = this.#errorCodes ?? (RETRIABLE_ERRORS[api] ?? OTHER_ERRORS).map(errorCodeOf)
      const target = pick(places(), place)
      if (target !== undefined) taken.push({ fault: Fault.error(pick(codes, choice)!), scope: { ...target } })
    }
    return taken
  }

  #randomOf(api: string, node: number): () => number {
    const key = `${api} ${node}`
    let random = this.#random.get(key)
    if (random === undefined) this.#random.set(key, (random = seededRandom(derivedSeed(this.#seed, key))))
    return random
  }
}

function pick<T>(values: readonly T[], random: number): T | undefined {
  return values[Math.floor(random * values.length)]
}
