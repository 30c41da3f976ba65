const POLYNOMIAL = 0x82f63b78
const SLICES = 8

/** `tables[slice * 256 + byte]`; made on first use, in well under a millisecond. */
let tables: Int32Array | undefined

/**
 * CRC-32C (Castagnoli) of `bytes[start, end)`, unsigned; the checksum of record batches. `seed` is the checksum of the
 * bytes before, to go on over several buffers.
 */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  const t = (tables ??= buildTables())
  let crc = ~seed
  let at = start
  const lastBlock = end - SLICES
  while (at <= lastBlock) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    crc =
      t[1792 + (low & 0xff)]! ^
      t[1536 + ((low >>> 8) & 0xff)]! ^
      t[1280 + ((low >>> 16) & 0xff)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + bytes[at + 4]!]! ^
      t[512 + bytes[at + 5]!]! ^
      t[256 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!
    at += SLICES
  }
  while (at < end) crc = (crc >>> 8) ^ t[(crc ^ bytes[at++]!) & 0xff]!
  return ~crc >>> 0
}

function buildTables(): Int32Array {
  const t = new Int32Array(SLICES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    t[byte] = crc
  }
  for (let i = 256; i < t.length; i++) t[i] = (t[i - 256]! >>> 8) ^ t[t[i - 256]! & 0xff]!
  return t
}
