const POLYNOMIAL = 0x82f63b78
const SLICES = 16

/** Below this a view of words costs more than it saves. */
const WORDS_FROM_BYTES = 64

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** `tables[slice * 256 + byte]`. A constant, since the optimizer then reads it a quarter faster than one made on first use. */
const tables: Int32Array = buildTables()

/**
 * CRC-32C (Castagnoli) of `bytes[start, end)`, unsigned; the checksum of record batches. `seed` is the checksum of the
 * bytes before, to go on over several buffers.
 */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  const t = tables
  let crc = ~seed
  let at = start
  if (end - start >= WORDS_FROM_BYTES && LITTLE_ENDIAN) {
    while (((bytes.byteOffset + at) & 3) !== 0) crc = (crc >>> 8) ^ t[(crc ^ bytes[at++]!) & 0xff]!
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, ((end - at) >> 4) * 4)
    crc = crcOfWords(words, crc)
    at += words.byteLength
  }
  while (at < end) crc = (crc >>> 8) ^ t[(crc ^ bytes[at++]!) & 0xff]!
  return ~crc >>> 0
}

/** Slicing by 16: the tables hold each byte's effect on the checksum from its place in a block of 16. */
function crcOfWords(words: Int32Array, crc: number): number {
  const t = tables
  for (let i = 0; i < words.length; i += 4) {
    const a = words[i]! ^ crc
    const b = words[i + 1]!
    const c = words[i + 2]!
    const d = words[i + 3]!
    crc =
      t[0xf00 + (a & 0xff)]! ^
      t[0xe00 + ((a >>> 8) & 0xff)]! ^
      t[0xd00 + ((a >>> 16) & 0xff)]! ^
      t[0xc00 + (a >>> 24)]! ^
      t[0xb00 + (b & 0xff)]! ^
      t[0xa00 + ((b >>> 8) & 0xff)]! ^
      t[0x900 + ((b >>> 16) & 0xff)]! ^
      t[0x800 + (b >>> 24)]! ^
      t[0x700 + (c & 0xff)]! ^
      t[0x600 + ((c >>> 8) & 0xff)]! ^
      t[0x500 + ((c >>> 16) & 0xff)]! ^
      t[0x400 + (c >>> 24)]! ^
      t[0x300 + (d & 0xff)]! ^
      t[0x200 + ((d >>> 8) & 0xff)]! ^
      t[0x100 + ((d >>> 16) & 0xff)]! ^
      t[d >>> 24]!
  }
  return crc
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
