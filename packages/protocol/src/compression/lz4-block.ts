import type { ProtocolError } from '../wire/protocol-error.ts'
import { corrupt } from './decompression-error.ts'

/**
 * Decodes the LZ4 block `bytes[start, end)` into `target` from `at` on, and returns where it ended. Matches may reach
 * back into what `target` holds from `windowStart` on. Writes nothing at or beyond `limit`: -1 says that it would have to.
 */
export function decodeLz4Block(
  bytes: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
  limit: number,
  windowStart: number,
): number {
  let from = start
  while (from < end) {
    const token = bytes[from++]!
    let literals = token >>> 4
    if (literals === 15) {
      let more: number
      do {
        if (from >= end) throw malformed(from)
        more = bytes[from++]!
        literals += more
      } while (more === 255)
    }
    if (literals > end - from) throw malformed(from)
    if (literals > limit - at) return -1
    if (literals > 32) {
      bytes.copy(target, at, from, from + literals)
      at += literals
      from += literals
    } else {
      for (const stop = at + literals; at < stop; ) target[at++] = bytes[from++]!
    }
    // The last sequence has literals only.
    if (from === end) return at
    if (end - from < 2) throw malformed(from)
    const distance = bytes[from]! | (bytes[from + 1]! << 8)
    from += 2
    let length = token & 15
    if (length === 15) {
      let more: number
      do {
        if (from >= end) throw malformed(from)
        more = bytes[from++]!
        length += more
      } while (more === 255)
    }
    length += 4
    if (distance === 0 || distance > at - windowStart) throw malformed(from)
    if (length > limit - at) return -1
    if (length > 64 && distance >= length) {
      target.copyWithin(at, at - distance, at - distance + length)
      at += length
    } else {
      // A match may overlap what it writes, so it goes byte by byte.
      for (const stop = at + length; at < stop; at++) target[at] = target[at - distance]!
    }
  }
  throw malformed(from)
}

function malformed(at: number): ProtocolError {
  return corrupt('lz4', 'a sequence reaches outside its block', at)
}
