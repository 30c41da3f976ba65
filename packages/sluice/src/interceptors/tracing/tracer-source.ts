import type { Tracer, TracerProvider } from '@opentelemetry/api'
import type { OtelApi } from './otel.ts'

const SCOPE = 'sluice'

/** The tracer in force. */
export class TracerSource {
  readonly #api: OtelApi
  #tracer: Tracer | undefined

  constructor(api: OtelApi, provider: object | undefined) {
    this.#api = api
    this.#tracer = (provider as TracerProvider | undefined)?.getTracer(SCOPE)
  }

  /** Undefined while the application has registered no TracerProvider: then nothing is to be done, and this costs a few nanoseconds. */
  get(): Tracer | undefined {
    if (this.#tracer !== undefined) return this.#tracer
    const provider = this.#api.trace.getTracerProvider() as TracerProvider & Partial<InstanceType<OtelApi['ProxyTracerProvider']>>
    return (this.#tracer = provider.getDelegateTracer === undefined ? provider.getTracer(SCOPE) : provider.getDelegateTracer(SCOPE))
  }
}
