import { emptyHeaders, type Headers } from '../record/headers.ts'
import type { RecordContext } from './interceptor-context.ts'
import type { InterceptorMember } from './interceptor-member.ts'
import type { ProducerChain, ProducerMember, SendHooks } from './producer-chain.ts'

/** What few records need, so that the others do not carry it. */
interface RareParts {
  /** By slot, beside the first that was set. */
  states?: unknown[]
  controller?: AbortController
  /** In scope by topic, but not by this record's headers. */
  passedBy?: Set<InterceptorMember>
  deadLettered?: string
  /** Why it was given up. */
  aborted?: { readonly reason: unknown }
}

/**
 * One record's way through one chain, from `onSend` to its acknowledgement: the one object that a record costs, and small,
 * as it lives until then. Hooks get it as their RecordContext; whose `state` it shows is set before each call.
 */
export class SendContext implements RecordContext {
  /** Whom to call and to tell: those whose scope holds the record. Stays as it is when the chain is replaced meanwhile. */
  hooks: SendHooks
  /** As the record was sent, or as it was when its send failed. */
  headers: Headers = emptyHeaders()
  isAcknowledged = false
  /** The place in its chain of the interceptor whose hook runs. */
  slot = 0
  /** The state of the interceptor that set one first, mostly the only one. */
  #firstState: unknown = undefined
  #firstSlot = -1
  #rare: RareParts | undefined = undefined

  constructor(hooks: SendHooks) {
    this.hooks = hooks
  }

  get chain(): ProducerChain {
    return this.hooks.chain
  }

  get state(): unknown {
    return this.slot === this.#firstSlot ? this.#firstState : this.#rare?.states?.[this.slot]
  }

  set state(state: unknown) {
    if (this.#firstSlot < 0) this.#firstSlot = this.slot
    if (this.slot === this.#firstSlot) this.#firstState = state
    else (this.#rareParts().states ??= [])[this.slot] = state
  }

  /** Why the record goes to the dead-letter topic. */
  get deadLettered(): string | undefined {
    return this.#rare?.deadLettered
  }

  set deadLettered(reason: string | undefined) {
    if (reason !== undefined) this.#rareParts().deadLettered = reason
  }

  get signal(): AbortSignal {
    const rare = this.#rareParts()
    if (rare.controller === undefined) {
      rare.controller = new AbortController()
      if (rare.aborted !== undefined) rare.controller.abort(rare.aborted.reason)
    }
    return rare.controller.signal
  }

  /** A hook that looks at its signal only later finds it aborted too. */
  abort(reason: unknown): void {
    this.#rareParts().aborted = { reason }
    this.#rare?.controller?.abort(reason)
  }

  /** The next hook gets a signal of its own once this one's is aborted. */
  renewSignal(): void {
    delete this.#rare?.controller
    delete this.#rare?.aborted
  }

  /** Asks the scope of a member that looks at headers, and remembers a no for the acknowledgement. */
  sees(member: ProducerMember, headers: Headers): boolean {
    if (this.wasPassedBy(member)) return false
    if (member.member.seesHeaders(headers)) return true
    ;(this.#rareParts().passedBy ??= new Set()).add(member.member)
    return false
  }

  wasPassedBy(member: ProducerMember): boolean {
    return this.#rare?.passedBy?.has(member.member) === true
  }

  #rareParts(): RareParts {
    this.#rare ??= {}
    return this.#rare
  }
}
