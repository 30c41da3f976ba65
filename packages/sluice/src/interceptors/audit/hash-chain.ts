import { createHash, createHmac, randomUUID } from 'node:crypto'
import type { AuditEntry } from './audit-entry.ts'

/**
 * Ties each entry to the one before, so that none can be changed or taken out unseen. The hash covers the entry's JSON
 * as it is written, without the hash itself, which is its last field.
 */
export class HashChain {
  readonly #key: string | Uint8Array | undefined
  readonly #chain: string = randomUUID()
  #previous: string
  #seq = 0

  /** With a key the hashes are HMACs, which only its holders can make; `previous` is where an earlier chain ended. */
  constructor(key: string | Uint8Array | undefined, previous = '') {
    this.#key = key
    this.#previous = previous
  }

  /** The entries with their links. They count only once `advance` is called. */
  link(entries: readonly AuditEntry[]): readonly AuditEntry[] {
    let previous = this.#previous
    return entries.map((entry, index) => {
      const linked = { ...entry, chain: this.#chain, seq: this.#seq + index, previous }
      const hash = this.#hashOf(JSON.stringify(linked))
      previous = hash
      return { ...linked, hash }
    })
  }

  /** These entries are written. */
  advance(linked: readonly AuditEntry[]): void {
    this.#previous = linked.at(-1)!.hash!
    this.#seq += linked.length
  }

  #hashOf(text: string): string {
    const hash = this.#key === undefined ? createHash('sha256') : createHmac('sha256', this.#key)
    return hash.update(text).digest('hex')
  }
}
