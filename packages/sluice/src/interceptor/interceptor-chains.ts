import { configError, KafkaError } from '../errors.ts'
import { asError, isPromise, settledWithin } from './hook-call.ts'
import type { ClusterResource, InterceptorContext, InterceptorSettings } from './interceptor-context.ts'
import { InterceptorMember } from './interceptor-member.ts'
import type { InterceptorStats } from './interceptor-stats.ts'

/** A client's chain of interceptors, as the application sees it. */
export interface InterceptorChain<I = any> {
  /** One row per interceptor of the list in force, in list order. */
  stats(): readonly InterceptorStats[]
  /** The list in force. */
  list(): readonly I[]
  /**
   * Puts another list in force. It is configured first; when that fails, the promise rejects with CONFIG and everything
   * stays as it was. Then, from one record to the next, the new list takes over: a record never sees parts of both, and
   * those on their way are acknowledged by the list that they began with, whose interceptors are closed after the last
   * of them. An interceptor that is in both lists (the same object) goes on with its state, and is neither configured
   * again nor closed.
   */
  replace(interceptors: readonly I[]): Promise<void>
}

/** What the two kinds of chain have in common. */
export interface Chain {
  readonly isEmpty: boolean
  readonly needsRecordAudit: boolean
  whenDrained(callback: () => void): void
  forgetHooks(): void
}

/** The chain in force, those before it until they are drained, and the interceptors of all of them. */
export abstract class InterceptorChains<I extends InterceptorSettings, C extends Chain> implements InterceptorChain<I> {
  /** What records run through from now on. */
  chain: C
  readonly #context: InterceptorContext
  readonly #make: (members: readonly InterceptorMember<I>[]) => C
  #members: readonly InterceptorMember<I>[]
  /** Everything that is configured and not closed; an object that comes back before its old chain is drained is found here. */
  readonly #alive = new Set<InterceptorMember<I>>()
  readonly #closings = new Set<Promise<void>>()
  #configuring: Promise<void> | undefined
  #failure: KafkaError | undefined
  #replacing: Promise<void> = Promise.resolve()
  #cluster: ClusterResource | undefined
  #closed: Promise<void> | undefined

  constructor(interceptors: readonly I[], context: InterceptorContext, make: (members: readonly InterceptorMember<I>[]) => C) {
    this.#context = context
    this.#make = make
    this.#members = this.#membersOf(interceptors)
    this.chain = make(this.#members)
    const configuring = this.#configure(this.#members)
    if (configuring === undefined) return
    this.#configuring = configuring.then(
      () => {
        this.#configuring = undefined
      },
      (error) => {
        this.#configuring = undefined
        this.#failure = error
      },
    )
  }

  /** A promise while asynchronous `configure`s run: records wait for it. It does not reject. */
  get configuring(): Promise<void> | undefined {
    return this.#configuring
  }

  /** Why the client cannot be used: an asynchronous `configure` rejected. */
  get failure(): KafkaError | undefined {
    return this.#failure
  }

  stats(): readonly InterceptorStats[] {
    return this.#members.map((member) => member.stats())
  }

  list(): readonly I[] {
    return this.#members.map(({ interceptor }) => interceptor)
  }

  /** One at a time, in the order of the calls. */
  replace(interceptors: readonly I[]): Promise<void> {
    const replaced = this.#replacing.then(() => this.#replace(interceptors))
    this.#replacing = replaced.catch(() => {})
    return replaced
  }

  onClusterUpdate(cluster: ClusterResource): void {
    this.#cluster = cluster
    for (const member of this.#members) member.clusterUpdate(cluster)
  }

  /** Closes every interceptor in list order, each whatever the others do. A second call waits for the first. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#configuring
    await this.#replacing
    this.#release(this.#members)
    await Promise.all(this.#closings)
  }

  async #replace(interceptors: readonly I[]): Promise<void> {
    await this.#configuring
    if (this.#closed !== undefined) throw new KafkaError('ILLEGAL_STATE', 'interceptors cannot be replaced: the client is closed')
    if (this.#failure !== undefined) throw this.#failure
    const members = this.#membersOf(interceptors)
    await this.#configure(members)
    if (this.#closed !== undefined) {
      this.#release(members)
      throw new KafkaError('ILLEGAL_STATE', 'interceptors cannot be replaced: the client was closed meanwhile')
    }
    const before = this.#members
    const drained = this.chain
    if (this.#cluster !== undefined) for (const member of members) if (!before.includes(member)) member.clusterUpdate(this.#cluster)
    this.chain = this.#make(members)
    this.#members = members
    drained.whenDrained(() => this.#release(before))
  }

  /** Puts the list in place. Throws CONFIG for what is no interceptor, before any is configured. */
  #membersOf(interceptors: readonly I[]): InterceptorMember<I>[] {
    if (!Array.isArray(interceptors)) throw configError('interceptors must be a list')
    const members: InterceptorMember<I>[] = []
    for (const [position, interceptor] of interceptors.entries()) {
      // An object that is in the list twice is two interceptors, as two objects would be.
      const known = [...this.#alive].find((member) => member.interceptor === interceptor && !members.includes(member))
      members.push(known ?? new InterceptorMember(interceptor, position, this.#context, () => this.chain.forgetHooks()))
    }
    return members
  }

  /** In list order; a promise only if one of them gave one. When one fails, it and those begun before it are closed. */
  #configure(members: readonly InterceptorMember<I>[]): Promise<void> | undefined {
    const begun: InterceptorMember<I>[] = []
    for (const [position, member] of members.entries()) {
      const returned = this.#begin(member, begun)
      if (isPromise(returned)) return this.#configureLater(returned, member, members.slice(position + 1), begun)
    }
    return undefined
  }

  async #configureLater(
    first: PromiseLike<unknown>,
    member: InterceptorMember<I>,
    rest: readonly InterceptorMember<I>[],
    begun: InterceptorMember<I>[],
  ): Promise<void> {
    let current = member
    try {
      await first
    } catch (cause) {
      this.#release([begun.at(-1)!, ...begun.slice(0, -1)], closeAtOnce)
      throw notConfigured(member, cause)
    }
    for (current of rest) {
      const returned = this.#begin(current, begun)
      if (!isPromise(returned)) continue
      try {
        await returned
      } catch (cause) {
        this.#release([begun.at(-1)!, ...begun.slice(0, -1)], closeAtOnce)
        throw notConfigured(current, cause)
      }
    }
  }

  #begin(member: InterceptorMember<I>, begun: InterceptorMember<I>[]): unknown {
    begun.push(member)
    member.chains++
    if (this.#alive.has(member)) return undefined
    this.#alive.add(member)
    try {
      const returned: unknown = member.interceptor.configure?.(this.#context)
      // A hanging one would keep every record, every later replace and the close waiting.
      return isPromise(returned) ? settledWithin(returned, member.timeoutMs, this.#context.clock, () => {}) : undefined
    } catch (cause) {
      this.#release([begun.at(-1)!, ...begun.slice(0, -1)], closeAtOnce)
      throw notConfigured(member, cause)
    }
  }

  /** A chain lets go of its interceptors; those that no other chain holds are closed. */
  #release(members: readonly InterceptorMember<I>[], close: typeof closeInTurn = closeInTurn): void {
    const last = members.filter((member) => --member.chains === 0)
    if (last.length === 0) return
    for (const member of last) this.#alive.delete(member)
    const closing = close(last).finally(() => this.#closings.delete(closing))
    this.#closings.add(closing)
  }
}

async function closeInTurn(members: readonly InterceptorMember[]): Promise<void> {
  for (const member of members) await member.close()
}

/** What was configured for nothing is closed before the error is thrown, as far as that takes no promise. */
async function closeAtOnce(members: readonly InterceptorMember[]): Promise<void> {
  await Promise.all(members.map((member) => member.close()))
}

function notConfigured(member: InterceptorMember, cause: unknown): KafkaError {
  return new KafkaError('CONFIG', `interceptor "${member.name}" failed in configure: ${asError(cause).message}`, { cause })
}
