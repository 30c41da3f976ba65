/** What the accumulator is told when no key and no partition was given: its built-in partitioner chooses. */
export const UNKNOWN_PARTITION = -1

/** The partition of a key, over all partitions of the topic, whether they have a leader or not, as every Java client computes it. */
export function partitionForKey(bytes: Uint8Array, start: number, end: number, partitionCount: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % partitionCount
}

const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/** 32-bit signed murmur2 of `bytes[start, end)` (Java: Utils.murmur2). */
export function murmur2(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  const length = end - start
  let hash = SEED ^ length
  let at = start
  const lastWord = end - 4
  while (at <= lastWord) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, M)
    word ^= word >>> R
    word = Math.imul(word, M)
    hash = Math.imul(hash, M) ^ word
    at += 4
  }
  const rest = end - at
  if (rest > 0) {
    if (rest === 3) hash ^= bytes[at + 2]! << 16
    if (rest >= 2) hash ^= bytes[at + 1]! << 8
    hash ^= bytes[at]!
    hash = Math.imul(hash, M)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, M)
  return hash ^ (hash >>> 15)
}
