import type { Logger } from 'sluice'
import type { MonitorAnswers } from './monitor-answers.ts'
import { metricsOf } from './prometheus.ts'

export interface OtlpOptions {
  /** Address of the receiver; `/v1/metrics` is added to one without a path. */
  readonly url: string
  /** Such as an authorization. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** @default 30000 */
  readonly intervalMs?: number
}

const TIMEOUT_MS = 10_000
const MAX_BACKOFF_MS = 300_000

/** Sends the gauges of /metrics to an OpenTelemetry receiver, as JSON over HTTP. One that is away is tried less and less often. */
export class OtlpExport {
  readonly #answers: MonitorAnswers
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #intervalMs: number
  readonly #logger: Logger
  readonly #startedAt: number
  readonly #closing = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #failures = 0

  constructor(answers: MonitorAnswers, { url, headers = {}, intervalMs = 30_000 }: OtlpOptions, logger: Logger) {
    const address = new URL(url)
    if (address.pathname === '/') address.pathname = '/v1/metrics'
    this.#answers = answers
    this.#url = address.href
    this.#headers = headers
    this.#intervalMs = intervalMs
    this.#logger = logger
    this.#startedAt = answers.now()
    this.#schedule()
  }

  /** Sends once, now. Rejects when the receiver does not take it. */
  async export(): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#closing.signal])
    const body = JSON.stringify(otlpMetrics(this.#answers, this.#startedAt))
    const headers = { ...this.#headers, 'content-type': 'application/json' }
    const response = await fetch(this.#url, { method: 'POST', headers, body, signal, redirect: 'error' })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`the OTLP receiver answered ${response.status}`)
  }

  close(): void {
    this.#closing.abort()
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    const delayMs = Math.min(MAX_BACKOFF_MS, this.#intervalMs * 2 ** Math.min(this.#failures, 10))
    this.#timer = setTimeout(() => void this.#tick(), delayMs)
    this.#timer.unref()
  }

  async #tick(): Promise<void> {
    try {
      await this.export()
      this.#failures = 0
    } catch (error) {
      if (this.#closing.signal.aborted) return
      if (this.#failures++ === 0) this.#logger.warn('metrics cannot be sent by OTLP', { host: new URL(this.#url).host, error })
    }
    if (!this.#closing.signal.aborted) this.#schedule()
  }
}

/** An ExportMetricsServiceRequest in the JSON mapping of protobuf: 64-bit numbers are texts. */
export function otlpMetrics(answers: MonitorAnswers, startedAt: number): Readonly<Record<string, unknown>> {
  const now = answers.now()
  const metrics = metricsOf(answers).map(({ name, help, unit, samples }) => ({
    name: name.replaceAll('_', '.'),
    description: help,
    unit,
    gauge: {
      dataPoints: samples.map(({ labels, value }) => ({
        attributes: Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } })),
        startTimeUnixNano: nanos(startedAt),
        timeUnixNano: nanos(now),
        asDouble: value,
      })),
    },
  }))
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'sluice-monitor' } }] }
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: '@sluice/monitor' }, metrics }] }] }
}

function nanos(ms: number): string {
  return `${Math.floor(ms)}000000`
}
