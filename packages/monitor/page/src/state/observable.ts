import { useEffect, useState } from 'preact/hooks'

/** A value that tells who listens when it changes. */
export interface Observable<T> {
  readonly value: T
  set(value: T): void
  subscribe(listener: (value: T) => void): () => void
}

export function observable<T>(initial: T): Observable<T> {
  const listeners = new Set<(value: T) => void>()
  let current = initial
  return {
    get value() {
      return current
    },
    set(value) {
      if (Object.is(value, current)) return
      current = value
      for (const listener of [...listeners]) listener(value)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export function useObservable<T>(source: Observable<T>): T {
  const [value, setValue] = useState(source.value)
  useEffect(() => {
    setValue(() => source.value)
    return source.subscribe((next) => setValue(() => next))
  }, [source])
  return value
}
