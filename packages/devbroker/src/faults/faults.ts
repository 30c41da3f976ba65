import { readMessage, type Writable, writeMessage } from '@sluice/protocol'
import type { Cluster } from '../broker/cluster.ts'
import { DevBrokerError } from '../errors.ts'
import { type ApiHandler, noResponse, type RequestContext } from '../handlers/handler.ts'
import type { DevBrokerApi, DevBrokerMessages } from './api-messages.ts'
import { Chaos, type ChaosOptions } from './chaos.ts'
import { checkApi } from './check-api.ts'
import { type ErrorPlace, errorPlaces, type Message } from './error-places.ts'
import { checked, checkFields, Fault, type FaultSpec, toFault } from './fault.ts'
import { covers, FaultQueues, type FaultScope, type PendingFault, type ScopedFault } from './fault-queues.ts'
import { Interruption } from './interruption.ts'
import type { RequestRecord } from './journal.ts'
import { seededRandom } from './seeded-random.ts'

export interface LatencyOptions {
  /** @default all nodes */
  readonly node?: number
  /** Milliseconds by which every answer leaves later; answers do not wait for one another. */
  readonly ms: number
  /** Up to so many milliseconds more, by chance. @default 0 */
  readonly jitterMs?: number
}

export interface DiskFullOptions {
  /** @default all nodes */
  readonly node?: number
  /** When there is room again: a time on the broker's clock (milliseconds since 1970) or a signal. @default when the returned function is called */
  readonly until?: number | AbortSignal
}

/** What a hook knows of a request besides its body. */
export interface HookContext<A extends DevBrokerApi = DevBrokerApi> {
  readonly api: A
  readonly node: number
  readonly version: number
  readonly clientId: string | null
  /** Aborted when the connection closes. */
  readonly signal: AbortSignal
}

/**
 * Takes the place of an API's handler. `next` runs the handler (with another request, if one is given) and gives its answer,
 * with every field and free to be changed; undefined when there is none, as for acks 0. What is returned is sent: a response,
 * a `Fault`, or undefined for what `next` gave, which is called if it was not yet. A hook that throws closes the connection.
 */
export type RequestHook<A extends DevBrokerApi = DevBrokerApi> = (
  request: DevBrokerMessages[A][0],
  next: (request?: Writable<DevBrokerMessages[A][0]>) => Promise<DevBrokerMessages[A][1]>,
  context: HookContext<A>,
) => HookResult<A> | Promise<HookResult<A>>

export type HookResult<A extends DevBrokerApi> = Writable<DevBrokerMessages[A][1]> | Fault | undefined

type Answer = object | typeof noResponse | Interruption

interface Latency {
  readonly node: number | undefined
  readonly ms: number
  readonly jitterMs: number
}

/** What goes wrong on purpose. Nothing does, and nothing is looked at, until something was asked for. */
export class Faults {
  readonly #cluster: Cluster
  readonly #queues: FaultQueues = new FaultQueues()
  readonly #latencies: Set<Latency> = new Set()
  readonly #fullDisks: Set<{ readonly node: number | undefined; readonly until: number }> = new Set()
  readonly #hooks: Map<string, RequestHook<any>[]> = new Map()
  readonly #chaos: Set<Chaos> = new Set()
  readonly #random: () => number = seededRandom(1)

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /**
   * Queues faults for an API: errors by Kafka's name or number, `{ error, delayMs }`, or `Fault.dropAfter` and the like. Each
   * request takes the first one of the queue that it falls under; with a scope as the last argument only requests that come
   * to this node, or that are about this topic or partition, do. An error with a topic fails that topic or partition only,
   * and the rest of the request is executed. Of several scopes the narrowest comes first.
   */
  push(api: DevBrokerApi, ...faults: [...FaultSpec[], FaultSpec | FaultScope]): void {
    checkApi(api)
    const last = faults.at(-1)
    const scope = isScope(last) ? last : {}
    this.#checkScope(scope)
    const specs = (isScope(last) ? faults.slice(0, -1) : faults) as FaultSpec[]
    this.#queues.push(api, specs.map(toFault), scope)
    this.#update()
  }

  /** Faults that no request has met yet. */
  pending(): PendingFault[] {
    return this.#queues.pending()
  }

  /** Throws `DevBrokerError` FAULTS_LEFT with the list of what is left in the queues: for the end of a test. */
  assertConsumed(): void {
    const left = this.pending()
    if (left.length === 0) return
    const lines = left.map(({ api, fault, ...scope }) => `${api}: ${fault}${describeScope(scope)}`)
    throw new DevBrokerError('FAULTS_LEFT', `${left.length} faults met no request:\n  ${lines.join('\n  ')}`)
  }

  /** Makes the network slow, until the returned function is called. Several add up. */
  latency(options: LatencyOptions): () => void {
    checkFields(options, ['node', 'ms', 'jitterMs'], 'option of latency')
    this.#checkNode(options.node)
    const latency = { node: options.node, ms: checked('ms', options.ms), jitterMs: checked('jitterMs', options.jitterMs ?? 0) }
    return this.#add(this.#latencies, latency)
  }

  /** Produce fails with KAFKA_STORAGE_ERROR, until the returned function is called or `until`. */
  diskFull(options: DiskFullOptions = {}): () => void {
    checkFields(options, ['node', 'until'], 'option of diskFull')
    this.#checkNode(options.node)
    const { node, until } = options
    if (until instanceof AbortSignal && until.aborted) return () => {}
    const end = this.#add(this.#fullDisks, { node, until: typeof until === 'number' ? until : Infinity })
    if (until instanceof AbortSignal) until.addEventListener('abort', end, { once: true })
    return end
  }

  /** Handles an API in place of the broker, until the returned function is called. The first hook is the outermost. */
  on<A extends DevBrokerApi>(api: A, hook: RequestHook<A>): () => void {
    checkApi(api)
    const hooks = [...(this.#hooks.get(api) ?? []), hook]
    this.#hooks.set(api, hooks)
    this.#update()
    return () => {
      const left = (this.#hooks.get(api) ?? []).filter((each) => each !== hook)
      if (left.length === 0) this.#hooks.delete(api)
      else this.#hooks.set(api, left)
      this.#update()
    }
  }

  /** Lets things go wrong by chance, the same for the same seed, until the returned function is called. */
  chaos(options: ChaosOptions): () => void {
    checkFields(options, ['seed', 'rates', 'apis', 'errors'], 'option of chaos')
    checkFields(options.rates ?? {}, ['dropBefore', 'dropAfter', 'error', 'delayMs'], 'rate of chaos')
    for (const api of options.apis ?? []) checkApi(api)
    const { dropBefore = 0, dropAfter = 0, error = 0 } = options.rates ?? {}
    for (const rate of [dropBefore, dropAfter, error]) checked('a rate of chaos', rate)
    if (dropBefore + dropAfter + error > 1) throw new DevBrokerError('INVALID_OPTION', 'the rates of chaos must not exceed 1 together')
    return this.#add(this.#chaos, new Chaos({ ...options, rates: options.rates ?? {} }))
  }

  /** Ends everything: queued faults, latency, full disks, hooks and chaos. */
  clear(): void {
    this.#queues.clear()
    for (const each of [this.#latencies, this.#fullDisks, this.#hooks, this.#chaos]) each.clear()
    this.#update()
  }

  #add<T>(set: Set<T>, item: T): () => void {
    set.add(item)
    this.#update()
    return () => {
      set.delete(item)
      this.#update()
    }
  }

  /** While there is nothing to inject, requests do not come here at all. */
  #update(): void {
    const sizes = [this.#latencies, this.#fullDisks, this.#hooks, this.#chaos].map(({ size }) => size)
    const idle = this.#queues.isEmpty && sizes.every((size) => size === 0)
    this.#cluster.injector = idle ? null : this.#injector
  }

  readonly #injector: FaultInjector = {
    handle: (handler, context, request, entry) => this.#handle(handler, context, request, entry),
    latencyMs: (node) => this.#latencyMs(node),
  }

  #latencyMs(node: number): number {
    let total = 0
    for (const latency of this.#latencies) {
      if (latency.node === undefined || latency.node === node) total += latency.ms + this.#random() * latency.jitterMs
    }
    return total
  }

  async #handle(handler: ApiHandler, context: RequestContext, request: Message, entry: RequestRecord | null): Promise<Answer> {
    const api = handler.api.name as DevBrokerApi
    const taken = this.#take(api, context, request)
    if (entry !== null && taken.length > 0) entry.fault = taken.map(({ fault }) => fault.description).join(', ')
    const end = taken.map(({ fault }) => fault).find(({ kind }) => kind !== 'error' && kind !== 'delay' && kind !== 'throttle')
    const delayMs = taken.reduce((sum, { fault }) => sum + fault.delayMs, 0)
    if (end?.kind === 'dropBefore' || end?.kind === 'noResponseBefore') {
      await this.#wait(delayMs, context.signal)
      return new Interruption(end.kind === 'dropBefore' ? 'drop' : 'hang')
    }
    const answer = await this.#execute(handler, context, request, taken)
    await this.#wait(delayMs, context.signal)
    if (answer instanceof Interruption) return answer
    if (end !== undefined) return interrupted(end, answer)
    const throttleTimeMs = taken.reduce((most, { fault }) => Math.max(most, fault.throttleMs), 0)
    return throttleTimeMs === 0 || answer === noResponse ? answer : { ...answer, throttleTimeMs }
  }

  #take(api: DevBrokerApi, context: RequestContext, request: Message): ScopedFault[] {
    let found: ErrorPlace[] | undefined
    const places = (): ErrorPlace[] => (found ??= errorPlaces[api].of(request, context.version, this.#cluster))
    const node = context.node.id
    const taken = this.#queues.take(api, node, places)
    if (taken.length > 0) this.#update()
    else for (const chaos of this.#chaos) taken.push(...chaos.take(api, node, places))
    if (api === 'Produce' && this.#isDiskFull(node)) taken.push({ fault: Fault.error('KAFKA_STORAGE_ERROR'), scope: {} })
    return taken
  }

  #isDiskFull(node: number): boolean {
    for (const disk of this.#fullDisks) {
      if (this.#cluster.clock.now() >= disk.until) this.#fullDisks.delete(disk)
      else if (disk.node === undefined || disk.node === node) return true
    }
    return false
  }

  /** Runs what does not fail on purpose, and adds the errors of what does. */
  async #execute(handler: ApiHandler, context: RequestContext, request: Message, taken: readonly ScopedFault[]): Promise<Answer> {
    const errors = taken.filter(({ fault }) => fault.errorCode !== 0)
    if (errors.length === 0) return this.#run(handler, context, request)
    const errorAt = (topic?: string, partition?: number): number =>
      errors.find(({ scope }) => covers(scope, { topic, partition }))?.fault.errorCode ?? 0
    const api = handler.api.name as DevBrokerApi
    const { rest, merge } = errorPlaces[api].split(request, context.version, this.#cluster, errorAt)
    const answer = rest === null ? null : await this.#run(handler, context, rest)
    if (answer instanceof Interruption) return answer
    // As in Kafka: who wants no acknowledgement is told by closing the connection.
    if (api === 'Produce' && request.acks === 0) return new Interruption('drop')
    return answer === noResponse ? answer : merge(answer)
  }

  #run(handler: ApiHandler, context: RequestContext, request: Message): Answer | Promise<Answer> {
    const hooks = this.#hooks.get(handler.api.name)
    if (hooks === undefined) return handler.handle(context, request) as Answer | Promise<Answer>
    return this.#runHook(hooks, 0, handler, context, request)
  }

  async #runHook(
    hooks: RequestHook<any>[],
    index: number,
    handler: ApiHandler,
    context: RequestContext,
    request: Message,
  ): Promise<Answer> {
    const hook = hooks[index]
    if (hook === undefined) return handler.handle(context, request) as Answer | Promise<Answer>
    let inner: Promise<Answer> | undefined
    const next = async (other?: Writable<unknown>): Promise<any> => {
      inner = this.#runHook(
        hooks,
        index + 1,
        handler,
        context,
        other === undefined ? request : complete(handler.api.request, other, context),
      )
      const answer = await inner
      // What handlers return lacks fields and may be shared; what a hook gets is its own.
      return isResponse(answer) ? complete(handler.api.response, answer, context) : undefined
    }
    const { node, version, clientId, signal } = context
    const result = await hook(request as any, next, { api: handler.api.name as DevBrokerApi, node: node.id, version, clientId, signal })
    if (result instanceof Fault) return this.#answerOf(result, request, context, () => inner ?? next().then(() => inner!), handler)
    if (result !== undefined) return result as object
    if (inner === undefined) await next()
    return inner!
  }

  /** A fault that a hook returned: what must not be executed is not, unless the hook did. */
  async #answerOf(
    fault: Fault,
    request: Message,
    context: RequestContext,
    inner: () => Promise<Answer>,
    handler: ApiHandler,
  ): Promise<Answer> {
    if (fault.errorCode !== 0) {
      await this.#wait(fault.delayMs, context.signal)
      const { rest, merge } = errorPlaces[handler.api.name as DevBrokerApi].split(
        request,
        context.version,
        this.#cluster,
        () => fault.errorCode,
      )
      return merge(rest === null ? null : ((await inner()) as Message))
    }
    if (fault.kind === 'dropBefore' || fault.kind === 'noResponseBefore') {
      return new Interruption(fault.kind === 'dropBefore' ? 'drop' : 'hang')
    }
    const answer = await inner()
    await this.#wait(fault.delayMs, context.signal)
    if (!isResponse(answer)) return answer
    if (fault.throttleMs > 0) return { ...answer, throttleTimeMs: fault.throttleMs }
    return fault.kind === 'delay' || fault.kind === 'throttle' || fault.kind === 'error' ? answer : interrupted(fault, answer)
  }

  /** Resolves earlier when the client is gone: nobody waits for the answer then. */
  #wait(ms: number, signal: AbortSignal): Promise<void> | undefined {
    if (ms === 0 || signal.aborted) return undefined
    return new Promise((resolve) => {
      const timer = this.#cluster.clock.setTimer(done, ms, false)
      function done(): void {
        timer.cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done)
    })
  }

  #checkScope({ node, topic, partition }: FaultScope): void {
    this.#checkNode(node)
    if (partition !== undefined && topic === undefined) {
      throw new DevBrokerError('INVALID_OPTION', `partition ${partition} needs the topic that it is of`)
    }
  }

  #checkNode(node: number | undefined): void {
    if (node === undefined || this.#cluster.nodes.has(node)) return
    throw new DevBrokerError('BROKER_NOT_AVAILABLE', `there is no node ${node}, only ${[...this.#cluster.nodes.keys()].join(', ')}`)
  }
}

/** What connections see of the faults; the cluster has none while nothing is to go wrong. */
export interface FaultInjector {
  handle(handler: ApiHandler, context: RequestContext, request: any, entry: RequestRecord | null): Promise<Answer>
  /** By how much the answers of a node leave later. */
  latencyMs(node: number): number
}

const SCOPE_FIELDS: readonly string[] = ['node', 'topic', 'partition']
const FAULT_FIELDS: readonly string[] = ['error', 'delayMs', 'throttleMs']

/** A scope is an object that says where, a fault one that says what. */
function isScope(last: FaultSpec | FaultScope | undefined): last is FaultScope {
  if (typeof last !== 'object' || last === null || last instanceof Fault) return false
  const names = Object.keys(last)
  if (names.some((name) => FAULT_FIELDS.includes(name))) return false
  checkFields(last, [...SCOPE_FIELDS, ...FAULT_FIELDS], 'field of a fault or scope')
  return true
}

function describeScope({ node, topic, partition }: FaultScope): string {
  const parts: string[] = []
  if (node !== undefined) parts.push(`node ${node}`)
  if (topic !== undefined) parts.push(partition === undefined ? `topic ${topic}` : `partition ${topic}-${partition}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

function interrupted({ kind, bytes }: Fault, answer: object | typeof noResponse): Interruption {
  if (kind === 'dropAfter' || answer === noResponse) return new Interruption('drop')
  return kind === 'truncate' ? new Interruption('truncate', answer, bytes) : new Interruption('hang')
}

function isResponse(answer: Answer): answer is object {
  return answer !== noResponse && !(answer instanceof Interruption)
}

/** A copy with every field that the version has. */
function complete(codec: ApiHandler['api']['request'], message: Writable<unknown>, { version }: RequestContext): Message {
  return readMessage(codec, writeMessage(codec, message as object, version), 0, version) as Message
}
