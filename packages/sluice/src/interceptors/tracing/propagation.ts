import type { Context, SpanContext, TextMapPropagator } from '@opentelemetry/api'
import type { Headers } from 'sluice'
import { headerGetter, listSetter } from './header-carrier.ts'
import type { OtelApi } from './otel.ts'

const SAMPLED = 1

/** Contexts into headers and out of them. */
export class Propagation {
  readonly #api: OtelApi
  readonly #propagator: Pick<TextMapPropagator<any>, 'inject' | 'extract' | 'fields'>
  /** What was last injected, as records that are sent in one go share a context. Contexts never change. */
  #lastContext: Context | undefined
  #lastInjected: string[] = []

  /** Without a propagator the one that the application has registered is used, also when it does so later. */
  constructor(api: OtelApi, propagator: object | undefined) {
    this.#api = api
    this.#propagator = (propagator as TextMapPropagator<any> | undefined) ?? api.propagation
  }

  /** Nothing is registered that would read or write a header. */
  get isIdle(): boolean {
    return this.#propagator.fields().length === 0
  }

  /** Replaces the context that the record may have brought from where it was read. */
  inject(context: Context, headers: Headers): void {
    if (context === this.#api.ROOT_CONTEXT) return
    if (headers.size > 0 && this.#api.trace.getSpanContext(context) !== undefined) {
      for (const field of this.#propagator.fields()) headers.delete(field)
    }
    if (context !== this.#lastContext) {
      this.#lastInjected = []
      this.#propagator.inject(context, this.#lastInjected, listSetter)
      // Maybe nothing is registered yet that would inject.
      this.#lastContext = this.#lastInjected.length === 0 ? undefined : context
    }
    // `set` replaces, so that a record that is sent again does not collect contexts.
    const injected = this.#lastInjected
    for (let index = 0; index < injected.length; index += 2) headers.set(injected[index]!, injected[index + 1]!)
  }

  /** The context that a record carries, without anything of the one that is active here. */
  extract(headers: Headers): Context {
    const root = this.#api.ROOT_CONTEXT
    return headers.size === 0 ? root : this.#propagator.extract(root, headers, headerGetter)
  }

  spanContextOf(context: Context): SpanContext | undefined {
    const spanContext = this.#api.trace.getSpanContext(context)
    return spanContext !== undefined && this.#api.isSpanContextValid(spanContext) ? spanContext : undefined
  }
}

export function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & SAMPLED) !== 0
}
