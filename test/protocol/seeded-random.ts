/** A small seeded generator (mulberry32): the same seed gives the same run on every machine. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 32 random bits, unsigned. */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** An integer from `from` to `to`, both included. */
  integer(from: number, to: number): number {
    return from + Math.floor((this.bits() / 4294967296) * (to - from + 1))
  }

  chance(probability: number): boolean {
    return this.bits() / 4294967296 < probability
  }

  pick<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)]!
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let i = 0; i < length; i++) bytes[i] = this.bits()
    return bytes
  }
}

/** The seed of this run: `SLUICE_SEED` or a new one. */
export const runSeed: number =
  process.env.SLUICE_SEED === undefined ? Math.floor(Math.random() * 4294967296) : Number(process.env.SLUICE_SEED)

/** Runs a case with randomness of its own, which depends on the run's seed and its name only; a failure names both. */
export function withSeed<T>(name: string, run: (random: SeededRandom) => T): T {
  let seed = runSeed
  for (let i = 0; i < name.length; i++) seed = Math.imul(seed ^ name.charCodeAt(i), 0x01000193) >>> 0
  try {
    return run(new SeededRandom(seed))
  } catch (cause) {
    throw new Error(`${name} failed; repeat with SLUICE_SEED=${runSeed}: ${(cause as Error).message}`, { cause })
  }
}
