import { isUtf8 } from 'node:buffer'
import { configError } from 'sluice'

/** A way between bytes and text. */
export interface Charset {
  decode(bytes: Buffer): string
  /** What the charset does not have becomes `?`, as in Java. Undefined for a charset that can only be read. */
  readonly encode: ((text: string) => Buffer) | undefined
  /** As `decode`, but bytes that are no text come back from `encodeExactly` as they were; null where that cannot be. */
  decodeExactly(bytes: Buffer): string | null
  encodeExactly(text: string): Buffer
}

const REPLACEMENT = 0x3f

/** By Node's names, Java's, or any that TextDecoder knows; null for an unknown one. */
export function charsetNamed(name: string): Charset | null {
  switch (name.trim().toLowerCase().replaceAll(/[-_]/g, '')) {
    case 'utf8':
      return utf8
    case 'iso88591':
    case 'latin1':
      return exact((bytes) => bytes.toString('latin1'), latin1Bytes)
    case 'usascii':
    case 'ascii':
      return exact(asciiText, asciiBytes)
    case 'utf16le':
      return exact(
        (bytes) => bytes.toString('utf16le') + (bytes.length % 2 === 0 ? '' : '\ufffd'),
        (text) => Buffer.from(text, 'utf16le'),
      )
    case 'utf16be':
      return exact(utf16beText, utf16beBytes)
    case 'utf16':
      return exact(utf16Text, (text) => Buffer.concat([Buffer.from([0xfe, 0xff]), utf16beBytes(text)]))
    default:
      return foreign(name.trim())
  }
}

/** For `check` of an option. */
export function knownCharset(value: unknown): string | null {
  if (typeof value !== 'string') return `must be the name of a charset, not ${value === null ? 'null' : typeof value}`
  return charsetNamed(value) === null
    ? `must be a charset that is known, as utf-8, iso-8859-1, us-ascii, utf-16le or windows-1252, not ${JSON.stringify(value.slice(0, 40))}`
    : null
}

/** The charset of an option that was checked with `knownCharset`. */
export function charsetOf(name: string): Charset {
  const charset = charsetNamed(name)
  if (charset === null) throw configError(`unknown charset ${JSON.stringify(name.slice(0, 40))}`)
  return charset
}

const utf8: Charset = {
  decode: (bytes) => bytes.toString('utf8'),
  encode: (text) => Buffer.from(text.isWellFormed() ? text : text.replaceAll(/\p{Surrogate}/gu, '?'), 'utf8'),
  decodeExactly: (bytes) => (isUtf8(bytes) ? bytes.toString('utf8') : escapedUtf8(bytes)),
  encodeExactly: (text) => (text.isWellFormed() ? Buffer.from(text, 'utf8') : unescapedUtf8(text)),
}

/** A byte that is no UTF-8 stands as a lone surrogate, which no UTF-8 gives: Python's surrogateescape. */
function escapedUtf8(bytes: Buffer): string {
  let text = ''
  let from = 0
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at]!)
    if (length > 0 && at + length <= bytes.length && continues(bytes, at, length)) {
      at += length
      continue
    }
    text += bytes.toString('utf8', from, at) + String.fromCharCode(0xdc00 + bytes[at]!)
    from = ++at
  }
  return text + bytes.toString('utf8', from)
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}

/** Whether the bytes after the first are such as may follow it: no overlong form, no surrogate, nothing above U+10FFFF. */
function continues(bytes: Buffer, at: number, length: number): boolean {
  for (let next = 1; next < length; next++) if ((bytes[at + next]! & 0xc0) !== 0x80) return false
  const first = bytes[at]!
  const second = bytes[at + 1]!
  if (first === 0xe0) return second >= 0xa0
  if (first === 0xed) return second <= 0x9f
  if (first === 0xf0) return second >= 0x90
  return first !== 0xf4 || second <= 0x8f
}

function unescapedUtf8(text: string): Buffer {
  const parts: Buffer[] = []
  let from = 0
  for (const { index, 0: surrogate } of text.matchAll(/\p{Surrogate}/gu)) {
    const byte = surrogate.charCodeAt(0) - 0xdc00
    parts.push(Buffer.from(text.slice(from, index), 'utf8'), Buffer.from([byte >= 0x80 && byte <= 0xff ? byte : REPLACEMENT]))
    from = index + 1
  }
  parts.push(Buffer.from(text.slice(from), 'utf8'))
  return Buffer.concat(parts)
}

/** A charset whose texts are its bytes if they come back the same. */
function exact(decode: (bytes: Buffer) => string, encode: (text: string) => Buffer): Charset {
  return {
    decode,
    encode,
    decodeExactly(bytes) {
      const text = decode(bytes)
      return encode(text).equals(bytes) ? text : null
    },
    encodeExactly: encode,
  }
}

function latin1Bytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(/[^\p{ASCII}\u0080-\u00ff]/gu, '?'), 'latin1')
}

function asciiText(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll(/[\x80-\xff]/g, '\ufffd')
}

function asciiBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\P{ASCII}/gu, '?'), 'latin1')
}

function utf16beText(bytes: Buffer): string {
  const even = bytes.length - (bytes.length % 2)
  return Buffer.from(bytes.subarray(0, even)).swap16().toString('utf16le') + (even === bytes.length ? '' : '\ufffd')
}

function utf16beBytes(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16()
}

/** Java's UTF-16: a byte order mark decides, without one it is big endian. */
function utf16Text(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le')
  return utf16beText(bytes[0] === 0xfe && bytes[1] === 0xff ? bytes.subarray(2) : bytes)
}

function foreign(name: string): Charset | null {
  const decoder = decoderNamed(name) ?? decoderNamed(name.replace(/^cp[-_]?(?=125\d$)/i, 'windows-'))
  if (decoder === null) return null
  const decode = (bytes: Buffer): string => decoder.decode(bytes)
  const bytes = singleBytes(decode)
  if (bytes === null) return { decode, encode: undefined, decodeExactly: () => null, encodeExactly: () => Buffer.alloc(0) }
  return exact(decode, (text) => Buffer.from(Array.from(text, (character) => bytes.get(character) ?? REPLACEMENT)))
}

function decoderNamed(name: string): InstanceType<typeof TextDecoder> | null {
  try {
    return new TextDecoder(name, { ignoreBOM: true })
  } catch {
    return null
  }
}

/** The byte of each character, if every byte is one; null for a charset with characters of several bytes. */
function singleBytes(decode: (bytes: Buffer) => string): Map<string, number> | null {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const characters = decode(Buffer.from(all))
  if (characters.length !== all.length) return null
  const bytes = new Map<string, number>()
  for (const byte of all) if (characters[byte] !== '\ufffd') bytes.set(characters[byte]!, byte)
  return bytes
}
