/** Any limiter of rate-limiter-flexible that counts points in windows: of Redis, a database, a cluster, or insured by another. */
export interface SharedLimiter {
  /** Resolves when the points are taken. Rejects with an object that has `msBeforeNext` when there are not so many, and with an Error when its store fails. */
  consume(key: string, points: number): Promise<{ readonly msBeforeNext: number }>
  /** Points in a window. */
  readonly points?: number
  /** Seconds of a window. */
  readonly duration?: number
}

/** A limiter's no, as opposed to its failure. */
export interface Refusal {
  readonly msBeforeNext: number
  readonly consumedPoints: number
}

export function refusalOf(cause: unknown): Refusal | null {
  if (typeof cause !== 'object' || cause === null || cause instanceof Error) return null
  const { msBeforeNext, consumedPoints } = cause as Partial<Refusal>
  return typeof msBeforeNext === 'number' ? { msBeforeNext, consumedPoints: consumedPoints ?? Number.NaN } : null
}
