import type { Api } from '@sluice/protocol'
import { decodeResponse } from '@sluice/protocol'
import { type ApiVersionsResponse, apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import { KafkaError } from '../errors.ts'
import { kafkaErrorFor } from './broker-error.ts'

const UNSUPPORTED_VERSION = 35
const SOFTWARE = { clientSoftwareName: 'sluice', clientSoftwareVersion: '0.1.0' }

/** What one broker speaks. */
export class ApiVersions {
  readonly #ranges: ReadonlyMap<number, { readonly min: number; readonly max: number }>
  /** Finalized feature levels, such as `transaction.version` (KIP-584). */
  readonly finalizedFeatures: ReadonlyMap<string, number>
  /** The version of the answer itself. */
  readonly version: number
  /** How long the broker wants to see no requests, in milliseconds. */
  readonly throttleTimeMs: number

  constructor(response: ApiVersionsResponse, version: number) {
    this.version = version
    this.throttleTimeMs = response.throttleTimeMs
    this.#ranges = new Map(response.apiKeys.map((row) => [row.apiKey, { min: row.minVersion, max: row.maxVersion }]))
    this.finalizedFeatures = new Map(response.finalizedFeatures.map((row) => [row.name, row.maxVersionLevel]))
  }

  /** The highest version within the bounds that both sides speak, or undefined. */
  usable(api: Api<any, any>, minVersion: number = api.minVersion, maxVersion: number = api.maxVersion): number | undefined {
    const range = this.#ranges.get(api.key)
    if (range === undefined) return undefined
    const version = Math.min(range.max, api.maxVersion, maxVersion)
    return version >= Math.max(range.min, api.minVersion, minVersion) ? version : undefined
  }

  unsupported(api: Api<any, any>, where: string): KafkaError {
    const range = this.#ranges.get(api.key)
    const broker = range ? `versions ${range.min} to ${range.max}` : 'no version'
    return new KafkaError(
      'UNSUPPORTED_VERSION',
      `${where} speaks ${broker} of ${api.name}; this client needs one from ${api.minVersion} to ${api.maxVersion}`,
    )
  }
}

/** Sends one ApiVersions request in the given version and returns the frame of the answer. */
export type ApiVersionsExchange = (version: number, message: typeof SOFTWARE) => Promise<Buffer>

/**
 * Asks the broker what it speaks (KIP-511): with our newest version first. A broker that does not know it answers in
 * version 0 with UNSUPPORTED_VERSION, and, from Kafka 2.4 on, with the range of ApiVersions itself.
 */
export async function negotiateApiVersions(exchange: ApiVersionsExchange): Promise<ApiVersions> {
  let version = apiVersionsApi.maxVersion
  for (;;) {
    const frame = await exchange(version, SOFTWARE)
    const unsupported = frame.length >= 6 && frame.readInt16BE(4) === UNSUPPORTED_VERSION
    const response = decodeResponse(apiVersionsApi, unsupported ? 0 : version, frame)
    if (response.errorCode === 0) return new ApiVersions(response, version)
    if (!unsupported || version === 0) throw kafkaErrorFor(response.errorCode, { message: 'the broker refused ApiVersions' })
    const row = response.apiKeys.find((candidate) => candidate.apiKey === apiVersionsApi.key)
    // The same version again would be refused again, so each round goes lower.
    version = row === undefined ? 0 : Math.max(0, Math.min(row.maxVersion, version - 1))
  }
}
