import { SampledStat } from './sampled-stat.ts'

/** What the connections of one client did. Told by each of them once per request, per response and per read of its socket. */
export class NetworkMetrics {
  /** Sockets that are open. */
  connections = 0
  readonly outgoingBytes: SampledStat
  readonly incomingBytes: SampledStat
  /** Of every response but those of the SASL exchange, 0 included; milliseconds. */
  readonly throttleTime: SampledStat
  readonly #createdMs: number
  /** Latencies of answered requests, by API key. */
  readonly #latencies: (SampledStat | undefined)[] = []

  constructor(nowMs: number) {
    this.#createdMs = nowMs
    this.outgoingBytes = new SampledStat(nowMs)
    this.incomingBytes = new SampledStat(nowMs)
    this.throttleTime = new SampledStat(nowMs)
  }

  requestSent(bytes: number, nowMs: number): void {
    this.outgoingBytes.record(bytes, nowMs)
  }

  bytesReceived(bytes: number, nowMs: number): void {
    this.incomingBytes.record(bytes, nowMs)
  }

  responseReceived(apiKey: number, latencyMs: number, nowMs: number): void {
    this.latency(apiKey).record(latencyMs, nowMs)
  }

  /** Also of ApiVersions, as in Java; 0 where a response's version has no such field. */
  throttleTimeReceived(throttleTimeMs: number, nowMs: number): void {
    this.throttleTime.record(throttleTimeMs, nowMs)
  }

  /** From the request's way to the socket to its response, in milliseconds. */
  latency(apiKey: number): SampledStat {
    this.#latencies[apiKey] ??= new SampledStat(this.#createdMs)
    return this.#latencies[apiKey]
  }
}
