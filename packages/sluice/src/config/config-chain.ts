import type { AnyInterceptor } from '../options/interceptor-maker.ts'

/** One interceptor of a configuration file, ready to be made for any number of clients. */
export interface ChainEntry {
  readonly name: string
  /** Equal for entries that make the same; undefined when that cannot be told. */
  readonly key: string | undefined
  /** Makes one for a client. An object that a module exports is the same for all. */
  readonly make: () => AnyInterceptor
}

/** Which interceptors came from a file, and from what. */
const origins = new WeakMap<object, { readonly key: string | undefined }>()

/** The interceptors of one kind of client, as a configuration file has them. */
export class ConfigChain {
  readonly #entries: readonly ChainEntry[]
  /** Made when the file was checked; the first client takes them. */
  #spare: (AnyInterceptor | undefined)[]

  constructor(entries: readonly ChainEntry[], checked: readonly AnyInterceptor[]) {
    this.#entries = entries
    this.#spare = [...checked]
  }

  /** A list of its own for a client. */
  make(): AnyInterceptor[] {
    return this.#entries.map((_entry, index) => this.#make(index))
  }

  /**
   * The list that follows `current`. Entries that did not change keep their interceptor and so its state; interceptors
   * that the application gave itself stay where they are, before or after those of the file.
   */
  next(current: readonly AnyInterceptor[]): AnyInterceptor[] {
    const replaceable = current.filter((one) => origins.has(one))
    const list = this.#entries.map(({ key }, index) => {
      const same = key === undefined ? -1 : replaceable.findIndex((one) => origins.get(one)?.key === key)
      return same === -1 ? this.#make(index) : replaceable.splice(same, 1)[0]!
    })
    const first = current.findIndex((one) => origins.has(one))
    const before = first === -1 ? [] : current.slice(0, first)
    const after = current.slice(before.length).filter((one) => !origins.has(one))
    return [...before, ...list, ...after]
  }

  #make(index: number): AnyInterceptor {
    const { key, make } = this.#entries[index]!
    const interceptor = this.#spare[index] ?? make()
    this.#spare[index] = undefined
    origins.set(interceptor, { key })
    return interceptor
  }
}

const ids = new WeakMap<object, number>()
let lastId = 0

/** A name for a function or object that is the same as long as it is the same. */
export function identityOf(thing: object): string {
  let id = ids.get(thing)
  if (id === undefined) ids.set(thing, (id = ++lastId))
  return `#${id}`
}

/** Text that is equal for equal options, whatever the order of keys; undefined for what is not plain data. */
export function textOfOptions(value: unknown): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return JSON.stringify(value)
  if (typeof value === 'function') return identityOf(value)
  if (typeof value !== 'object') return undefined
  if (Array.isArray(value)) {
    const items = value.map(textOfOptions)
    return items.includes(undefined) ? undefined : `[${items.join(',')}]`
  }
  if (value instanceof RegExp) return String(value)
  if (Object.getPrototypeOf(value) !== Object.prototype) return identityOf(value)
  const pairs = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, textOfOptions(inner)] as const)
  return pairs.some(([, text]) => text === undefined)
    ? undefined
    : `{${pairs.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`
}
