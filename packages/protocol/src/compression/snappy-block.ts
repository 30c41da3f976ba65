import type { ProtocolError } from '../wire/protocol-error.ts'
import { corrupt } from './decompression-error.ts'

const LITERAL = 0
const COPY_1_BYTE_OFFSET = 1
const COPY_2_BYTE_OFFSET = 2

/**
 * Decodes the snappy elements `bytes[start, end)` into exactly `target[at, targetEnd)`. The length with which a snappy
 * block begins has been read already.
 */
export function decodeSnappyElements(bytes: Buffer, start: number, end: number, target: Buffer, at: number, targetEnd: number): void {
  const targetStart = at
  let from = start
  while (from < end) {
    const tag = bytes[from++]!
    const kind = tag & 3
    if (kind === LITERAL) {
      let length = tag >>> 2
      if (length >= 60) {
        const lengthBytes = length - 59
        if (lengthBytes > end - from) throw malformed(from)
        length = 0
        for (let i = 0; i < lengthBytes; i++) length += bytes[from++]! * 2 ** (8 * i)
      }
      length++
      if (length > end - from || length > targetEnd - at) throw malformed(from)
      if (length > 32) {
        bytes.copy(target, at, from, from + length)
        at += length
        from += length
      } else {
        for (const stop = at + length; at < stop; ) target[at++] = bytes[from++]!
      }
      continue
    }
    let length = (tag >>> 2) + 1
    let distance: number
    if (kind === COPY_1_BYTE_OFFSET) {
      if (from >= end) throw malformed(from)
      length = ((tag >>> 2) & 7) + 4
      distance = ((tag & 0xe0) << 3) | bytes[from++]!
    } else if (kind === COPY_2_BYTE_OFFSET) {
      if (end - from < 2) throw malformed(from)
      distance = bytes[from]! | (bytes[from + 1]! << 8)
      from += 2
    } else {
      if (end - from < 4) throw malformed(from)
      distance = bytes.readUInt32LE(from)
      from += 4
    }
    if (distance === 0 || distance > at - targetStart || length > targetEnd - at) throw malformed(from)
    // The copy may overlap what it writes, so it goes byte by byte; it has 64 at most.
    for (const stop = at + length; at < stop; at++) target[at] = target[at - distance]!
  }
  if (at !== targetEnd) throw malformed(end)
}

function malformed(at: number): ProtocolError {
  return corrupt('snappy', 'an element reaches outside its block', at)
}
