import { emptyHeaders, type Headers } from '../record/headers.ts'
import type { RecordContext } from './interceptor-context.ts'
import type { InterceptorMember } from './interceptor-member.ts'
import type { ProducerChain, ProducerMember, SendHooks } from './producer-chain.ts'

/**
 * One record's way through one chain, from `onSend` to its acknowledgement: the one object that a record costs. Hooks get
 * it as their RecordContext; whose `state` it shows is set before each call.
 */
export class SendContext implements RecordContext {
  readonly chain: ProducerChain
  /** Whom to call and to tell: those whose scope holds the record. Stays as it is when the chain is replaced meanwhile. */
  hooks: SendHooks
  /** As the record was sent, or as it was when its send failed. */
  headers: Headers = emptyHeaders()
  /** Why the record goes to the dead-letter topic. */
  deadLettered: string | undefined = undefined
  isAcknowledged = false
  /** The place in its chain of the interceptor whose hook runs. */
  slot = 0
  #states: unknown[] | undefined = undefined
  #controller: AbortController | undefined = undefined
  /** In scope by topic, but not by this record's headers. */
  #passedBy: Set<InterceptorMember> | undefined = undefined

  constructor(chain: ProducerChain, hooks: SendHooks) {
    this.chain = chain
    this.hooks = hooks
  }

  get state(): unknown {
    return this.#states === undefined ? undefined : this.#states[this.slot]
  }

  set state(state: unknown) {
    if (this.#states === undefined) this.#states = []
    this.#states[this.slot] = state
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#controller?.abort(reason)
  }

  /** The next hook gets a signal of its own once this one's is aborted. */
  renewSignal(): void {
    this.#controller = undefined
  }

  /** Asks the scope of a member that looks at headers, and remembers a no for the acknowledgement. */
  sees(member: ProducerMember, headers: Headers): boolean {
    if (this.#passedBy?.has(member.member)) return false
    if (member.member.seesHeaders(headers)) return true
    this.#passedBy ??= new Set()
    this.#passedBy.add(member.member)
    return false
  }

  wasPassedBy(member: ProducerMember): boolean {
    return this.#passedBy?.has(member.member) === true
  }
}
