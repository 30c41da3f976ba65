import { dateMaker } from './joda-date.ts'
import { type JodaField, type JodaPart, jodaPattern } from './joda-pattern.ts'
import { type OffsetOf, utcMillis, zoneNames, zoneOf } from './time-zone.ts'

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** Texts by name; a name counts as it is, in small and in capital letters, and cut to three letters, as in Joda. */
const NAMES: Readonly<Record<'G' | 'M' | 'E' | 'a', ReadonlyMap<string, number>>> = {
  G: namesOf(
    [
      ['BC', 'BCE'],
      ['AD', 'CE'],
    ],
    0,
  ),
  M: namesOf(
    MONTHS.map((name) => [name, name.slice(0, 3)]),
    1,
  ),
  E: namesOf(
    WEEKDAYS.map((name) => [name, name.slice(0, 3)]),
    1,
  ),
  a: namesOf([['AM'], ['PM']], 0),
}
const LONGEST_NAME = 9
const PLUS = 0x2b
const MINUS = 0x2d

function namesOf(texts: readonly (readonly string[])[], first: number): ReadonlyMap<string, number> {
  return new Map(
    texts.flatMap((names, index) =>
      names.flatMap((name) => [name, name.toLowerCase(), name.toUpperCase()].map((text) => [text, index + first] as const)),
    ),
  )
}

/** What was read so far of one text. */
interface Reading {
  readonly text: string
  at: number
  /** Values of fields, in the order of the pattern. */
  readonly said: number[]
  /** Ahead of UTC; by a later part of the text if there are several. */
  offset: number | OffsetOf
  /** The first of the hundred years that two digits stand for. */
  readonly firstYear: number
}

/**
 * Reads texts of a Joda-Time pattern as `DateTimeFormat.forPattern(pattern).parseMillis(text)` does, in English: the result
 * is in milliseconds since 1970, or null where Joda throws. Throws CONFIG for a pattern that is none.
 */
export function jodaReader(pattern: string, zone: OffsetOf): (text: string) => number | null {
  const parts = jodaPattern(pattern)
  const localMillis = dateMaker(parts.flatMap((part) => fieldOf(part) ?? []))
  const firstYear = new Date().getFullYear() - 80
  return (text) => {
    const reading: Reading = { text, at: 0, said: [], offset: zone, firstYear }
    for (const part of parts) if (!read(reading, part)) return null
    if (reading.at !== text.length) return null
    const local = localMillis(reading.said)
    if (local === null || Number.isNaN(local)) return null
    return typeof reading.offset === 'number' ? local - reading.offset : utcMillis(local, reading.offset)
  }
}

function fieldOf(part: JodaPart): JodaField | undefined {
  if (part.kind === 'fraction') return 'S'
  return 'field' in part ? part.field : undefined
}

function read(reading: Reading, part: JodaPart): boolean {
  switch (part.kind) {
    case 'literal':
      return readLiteral(reading, part.text)
    case 'number':
      return readNumber(reading, part.maxDigits, part.signed)
    case 'twoDigitYear':
      return readTwoDigitYear(reading, part.lenient)
    case 'fraction':
      return readFraction(reading, part.maxDigits)
    case 'name':
      return readName(reading, part.field)
    case 'zone':
      return part.form === 'offset' ? readOffset(reading) : part.form === 'id' ? readZoneId(reading) : readZoneName(reading)
  }
}

function readLiteral(reading: Reading, literal: string): boolean {
  const found = reading.text.slice(reading.at, reading.at + literal.length)
  if (found !== literal && found.toLowerCase() !== literal.toLowerCase()) return false
  reading.at += literal.length
  return true
}

function readNumber(reading: Reading, maxDigits: number, signed: boolean): boolean {
  const { text } = reading
  let { at } = reading
  const sign = text.charCodeAt(at)
  // A sign counts if a digit follows it, and there is room for both.
  const hasSign = signed && (sign === MINUS || sign === PLUS) && maxDigits > 1 && isDigit(text.charCodeAt(at + 1))
  if (hasSign) at++
  const length = digitsAt(text, at, maxDigits)
  if (length === 0) return false
  reading.at = at
  const value = take(reading, length)
  reading.said.push(hasSign && sign === MINUS ? -value : value)
  return true
}

/** Two digits are a year of the hundred that ends in 20 years; with room for more they are the whole year. */
function readTwoDigitYear(reading: Reading, lenient: boolean): boolean {
  const { text, at } = reading
  const length = digitsAt(text, at, 9)
  if (lenient && length !== 2) return readNumber(reading, 9, true)
  if (length < 2) return false
  const { firstYear } = reading
  const year = take(reading, 2)
  reading.said.push(firstYear - (firstYear % 100) + year + (year < firstYear % 100 ? 100 : 0))
  return true
}

function readFraction(reading: Reading, maxDigits: number): boolean {
  const length = digitsAt(reading.text, reading.at, maxDigits)
  if (length === 0) return false
  const digits = reading.text.slice(reading.at, reading.at + length)
  reading.at += length
  reading.said.push(Number(digits.slice(0, 3).padEnd(3, '0')))
  return true
}

function readName(reading: Reading, field: 'G' | 'M' | 'E' | 'a'): boolean {
  const rest = reading.text.slice(reading.at, reading.at + LONGEST_NAME)
  for (let length = rest.length; length > 0; length--) {
    const value = NAMES[field].get(rest.slice(0, length))
    if (value === undefined) continue
    reading.at += length
    reading.said.push(value)
    return true
  }
  return false
}

/** `Z`, or a sign with hours, and minutes and seconds with or without colons. */
function readOffset(reading: Reading): boolean {
  const form = /[zZ]|([+-])([01]\d|2[0-3])(?::([0-5]\d)(?::([0-5]\d))?(?!:?\d)|([0-5]\d)([0-5]\d)?|(?![:\d]))/y
  form.lastIndex = reading.at
  const found = form.exec(reading.text)
  if (found === null) return false
  reading.at = form.lastIndex
  const [, sign, hours, minutesAfterColon, secondsAfterColon, minutes, seconds] = found
  const ahead = Number(hours ?? 0) * 3600 + Number(minutesAfterColon ?? minutes ?? 0) * 60 + Number(secondsAfterColon ?? seconds ?? 0)
  reading.offset = (sign === '-' ? -ahead : ahead) * 1000
  return true
}

function readZoneName(reading: Reading): boolean {
  for (const length of [3, 2]) {
    const id = zoneNames.get(reading.text.slice(reading.at, reading.at + length))
    if (id === undefined) continue
    reading.at += length
    reading.offset = zoneOf(id) ?? 0
    return true
  }
  return false
}

/** The longest id that there is a zone for. */
function readZoneId(reading: Reading): boolean {
  const form = /[A-Za-z][A-Za-z0-9_+/-]{0,49}|[+-]\d\d:\d\d/y
  form.lastIndex = reading.at
  for (let id = form.exec(reading.text)?.[0] ?? ''; id !== ''; id = id.slice(0, -1)) {
    const zone = zoneOf(id)
    if (zone === null) continue
    reading.at += id.length
    reading.offset = zone
    return true
  }
  return false
}

function digitsAt(text: string, at: number, most: number): number {
  let length = 0
  while (length < most && isDigit(text.charCodeAt(at + length))) length++
  return length
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function take(reading: Reading, length: number): number {
  const value = Number(reading.text.slice(reading.at, reading.at + length))
  reading.at += length
  return value
}
