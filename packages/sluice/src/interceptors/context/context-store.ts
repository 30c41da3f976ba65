import { AsyncLocalStorage } from 'node:async_hooks'

/** What belongs to the work at hand, wherever in it one asks. */
export interface ContextValues {
  /** What this work and all that comes of it is found by. */
  readonly correlationId?: string
  /** Other headers that go on with it, by name. */
  readonly headers?: Readonly<Record<string, string>>
  /** The record that is handled; a batch has no offset. */
  readonly record?: { readonly topic: string; readonly partition: number; readonly offset?: number }
}

/** One for the process: what one client read, another sends on. */
const storage = new AsyncLocalStorage<ContextValues>()

/** What belongs to the work at hand; undefined outside of any. */
export function currentContext(): ContextValues | undefined {
  return storage.getStore()
}

/** Runs `fn`, and all that it awaits or starts, with these values; what is left out is that of the context around. Returns what it returns. */
export function runWithContext<T>(values: ContextValues, fn: () => T): T {
  const around = storage.getStore()
  if (around === undefined) return runInFresh(values, fn)
  return runInFresh({ ...around, ...values, headers: { ...around.headers, ...values.headers } }, fn)
}

/** The same with nothing of the context around. */
export function runInFresh<T>(values: ContextValues, fn: () => T): T {
  return storage.run(Object.freeze(values), fn)
}
