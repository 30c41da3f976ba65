import { createRequire } from 'node:module'
import { ProtocolError } from '../wire/protocol-error.ts'

/** A package that only users of one codec install. Found on first use, and then kept. */
export class OptionalPackage<T> {
  readonly #codec: string
  readonly #name: string
  #module: T | undefined

  constructor(codec: string, name: string) {
    this.#codec = codec
    this.#name = name
  }

  get(): T {
    return (this.#module ??= this.#require())
  }

  async load(): Promise<void> {
    if (this.#module !== undefined) return
    try {
      const namespace = await import(this.#name)
      this.#module = (namespace.default ?? namespace) as T
    } catch (cause) {
      throw this.#missing(cause)
    }
  }

  #require(): T {
    try {
      return createRequire(import.meta.url)(this.#name) as T
    } catch (cause) {
      throw this.#missing(cause)
    }
  }

  #missing(cause: unknown): ProtocolError {
    const absent = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes((cause as { code?: string })?.code ?? '')
    const reason = absent ? 'which is not installed' : 'which cannot be loaded here'
    return new ProtocolError('UNSUPPORTED_CODEC', `compression "${this.#codec}" needs the npm package "${this.#name}", ${reason}`, -1, {
      cause,
    })
  }
}
