import type { ApiHandler } from '../handlers/handler.ts'

export interface AdvertisedVersions {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

const PRODUCE = 0
const LOWEST_PRODUCE = 3

/** Which handler answers which API, and what clients are told about it. All nodes have the same. */
export class Router {
  readonly #handlers: Map<number, ApiHandler> = new Map()
  readonly #all: readonly ApiHandler[]

  constructor(handlers: readonly ApiHandler[]) {
    this.#all = handlers
    for (const handler of handlers) {
      if (this.#handlers.has(handler.api.key)) throw new Error(`two handlers for API ${handler.api.key} (${handler.api.name})`)
      this.#handlers.set(handler.api.key, handler)
    }
  }

  /** Serves fewer versions than there are handlers for, or, with null, an API not at all. Those not named are served in full. */
  limit(caps: ReadonlyMap<number, readonly [min: number, max: number] | null>): void {
    this.#handlers.clear()
    for (const handler of this.#all) {
      const { key } = handler.api
      const cap = caps.get(key)
      if (cap === undefined) this.#handlers.set(key, handler)
      else if (cap !== null) this.#handlers.set(key, { ...handler, minVersion: cap[0], maxVersion: cap[1] })
    }
  }

  /** The handler, when it takes this version. */
  find(apiKey: number, version: number): ApiHandler | undefined {
    const handler = this.#handlers.get(apiKey)
    return handler !== undefined && version >= handler.minVersion && version <= handler.maxVersion ? handler : undefined
  }

  /** Whether tagged fields follow the client id in the request's header. */
  isFlexible = (apiKey: number, version: number): boolean => {
    const handler = this.find(apiKey, version)
    return handler !== undefined && version >= handler.api.flexibleVersion
  }

  /** The body of an ApiVersions response, by key. */
  advertised(): AdvertisedVersions[] {
    return [...this.#handlers.values()]
      .sort((a, b) => a.api.key - b.api.key)
      .map(({ api, minVersion, maxVersion }) => ({
        apiKey: api.key,
        // librdkafka switches features off when Produce v0 to v2 are not offered (KAFKA-18659); Kafka 4 offers and refuses them too.
        minVersion: api.key === PRODUCE && minVersion === LOWEST_PRODUCE ? 0 : minVersion,
        maxVersion,
      }))
  }
}
