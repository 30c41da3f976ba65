import { badParameter } from './http-error.ts'

/** The parameters of a request, each read and checked by name; what nobody asked for is an error that names what there is. */
export class Query {
  readonly #parameters: URLSearchParams
  readonly #now: number

  constructor(parameters: URLSearchParams, now: number, known: readonly string[]) {
    this.#parameters = parameters
    this.#now = now
    for (const name of parameters.keys()) {
      if (!known.includes(name)) {
        throw badParameter(
          name,
          known.length === 0 ? 'is unknown: there are no parameters here' : `is unknown; there are ${known.join(', ')}`,
        )
      }
      if (parameters.getAll(name).length > 1) throw badParameter(name, 'is given twice')
    }
  }

  text(name: string): string | undefined {
    const value = this.#parameters.get(name)
    if (value === null) return undefined
    if (value === '') throw badParameter(name, 'is empty')
    return value
  }

  required(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw badParameter(name, 'is missing')
    return value
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!(allowed as readonly string[]).includes(value)) throw badParameter(name, `must be one of ${allowed.join(', ')}`)
    return value as T
  }

  whole(name: string, least: number, most: number): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!/^\d{1,16}$/.test(value) || Number(value) < least || Number(value) > most) {
      throw badParameter(name, `must be a whole number from ${least} to ${most}`)
    }
    return Number(value)
  }

  /** Milliseconds since 1970, `now`, or so long before now: -90s, -15m, -1h, -7d. */
  time(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (value === 'now') return this.#now
    if (/^\d{1,15}$/.test(value)) return Number(value)
    const ago = /^-(\d{1,9})(ms|s|m|h|d)$/.exec(value)
    if (ago === null) throw badParameter(name, 'must be milliseconds since 1970, "now", or a time before now such as -15m (ms, s, m, h, d)')
    return Math.max(0, this.#now - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs])
  }

  /** A length of time: milliseconds, or with a unit such as 10s. */
  duration(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const parts = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(value)
    if (parts === null || Number(parts[1]) === 0)
      throw badParameter(name, 'must be milliseconds, or a length of time such as 10s (ms, s, m, h, d)')
    return Number(parts[1]) * unitMs[(parts[2] ?? 'ms') as keyof typeof unitMs]
  }
}

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
