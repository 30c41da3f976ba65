import type { JodaField } from './joda-pattern.ts'

/** Sizes of fields' units, and of what they count within, from small to large; EVER has no bounds. */
const MILLI = 0
const SECOND = 1
const MINUTE = 2
const HOUR = 3
const HALFDAY = 4
const DAY = 5
const WEEK = 6
const MONTH = 7
const YEAR = 8
const CENTURY = 9
const EVER = 10

const UNITS: Readonly<Record<JodaField, readonly [range: number, unit: number]>> = {
  G: [EVER, EVER],
  C: [EVER, CENTURY],
  Y: [EVER, YEAR],
  x: [EVER, YEAR],
  y: [EVER, YEAR],
  M: [YEAR, MONTH],
  w: [YEAR, WEEK],
  D: [YEAR, DAY],
  d: [MONTH, DAY],
  e: [WEEK, DAY],
  E: [WEEK, DAY],
  a: [DAY, HALFDAY],
  K: [HALFDAY, HOUR],
  h: [HALFDAY, HOUR],
  H: [DAY, HOUR],
  k: [DAY, HOUR],
  m: [HOUR, MINUTE],
  s: [MINUTE, SECOND],
  S: [SECOND, MILLI],
}

/** Smallest and largest value where they do not depend on the date. */
const BOUNDS: Partial<Record<JodaField, readonly [number, number]>> = {
  G: [0, 1],
  C: [1, 2_700],
  Y: [1, 270_000],
  x: [-270_000, 270_000],
  y: [-270_000, 270_000],
  M: [1, 12],
  e: [1, 7],
  E: [1, 7],
  a: [0, 1],
  K: [0, 11],
  h: [1, 12],
  H: [0, 23],
  k: [1, 24],
  m: [0, 59],
  s: [0, 59],
  S: [0, 999],
}

const DAY_MS = 86_400_000
/** The year of a date of which the text says only month or day. */
const DEFAULT_YEAR = 2000

/** The local time, in milliseconds as if it were UTC, that the values of the fields make; null when one is out of its range. */
export type DateMaker = (values: readonly number[]) => number | null

/**
 * For texts that say these fields, in this order (Joda: DateTimeParserBucket). Larger fields come before smaller ones, so
 * that a day of the week moves the date within its week; what is not said is the start of 1970, or of 2000 where the
 * largest is a month, week or day.
 */
export function dateMaker(said: readonly JodaField[]): DateMaker {
  const fields = said
    .map((field, index) => ({ field, index }))
    .sort((a, b) => UNITS[b.field][0] - UNITS[a.field][0] || UNITS[b.field][1] - UNITS[a.field][1])
  if (fields.length === 0) return () => 0
  const largest = UNITS[fields[0]!.field][1]
  if (largest >= DAY && largest <= MONTH) {
    const make = dateMaker(['y', ...said])
    return (values) => make([DEFAULT_YEAR, ...values])
  }
  const inTurn: DateMaker = (values) => {
    let millis = 0
    // Twice: what was set before a larger field moved the date is then right. The first time what is smaller starts anew.
    for (const { field, index } of fields) {
      const set = withField(millis, field, values[index]!)
      if (set === null) return null
      millis = floored(set, field)
    }
    for (const { field, index } of fields) {
      const set = withField(millis, field, values[index]!)
      if (set === null) return null
      millis = set
    }
    return floored(millis, fields.at(-1)!.field)
  }
  return calendarMaker(said, inTurn) ?? inTurn
}

/** The short way for what most patterns are: a day of the calendar, with or without its weekday, and a time; undefined for others. */
function calendarMaker(said: readonly JodaField[], inTurn: DateMaker): DateMaker | undefined {
  if (said.some((field, index) => !'yMdEHmsS'.includes(field) || said.indexOf(field) !== index)) return undefined
  if (!said.includes('y') || !said.includes('M') || !said.includes('d')) return undefined
  const [y, M, d, E] = [said.indexOf('y'), said.indexOf('M'), said.indexOf('d'), said.indexOf('E')]
  const [H, m, s, S] = [said.indexOf('H'), said.indexOf('m'), said.indexOf('s'), said.indexOf('S')]
  return (values) => {
    const year = values[y]!
    const month = values[M]!
    const day = values[d]!
    const hour = H < 0 ? 0 : values[H]!
    const minute = m < 0 ? 0 : values[m]!
    const second = s < 0 ? 0 : values[s]!
    // What is out of range, or a year that Date.UTC would take for another, goes the long way.
    if (year < 100 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59) {
      return inTurn(values)
    }
    const millis = Date.UTC(year, month - 1, day, hour, minute, second, S < 0 ? 0 : values[S]!)
    if (E < 0) return millis
    // 1 January 1970 was a Thursday.
    const weekdayOfDate = modulo(Math.floor(millis / DAY_MS) + 3, 7) + 1
    return millis + (values[E]! - weekdayOfDate) * DAY_MS
  }
}

function withField(millis: number, field: JodaField, value: number): number | null {
  const bounds = BOUNDS[field]
  if (bounds !== undefined && (value < bounds[0] || value > bounds[1])) return null
  const date = new Date(millis)
  const year = date.getUTCFullYear()
  const hour = date.getUTCHours()
  switch (field) {
    case 'G':
      return year > 0 === (value === 1) ? millis : withYear(date, 1 - year)
    case 'C':
      return withYear(date, year > 0 ? value * 100 + (year % 100) : 1 - (value * 100 + ((1 - year) % 100)))
    case 'Y':
      return withYear(date, year > 0 ? value : 1 - value)
    case 'y':
      return withYear(date, value)
    case 'x': {
      const week = Math.min(weekOf(date), weeksOf(value))
      return weekyearStart(value) + (week - 1) * 7 * DAY_MS + (weekday(date) - 1) * DAY_MS + timeOf(millis)
    }
    case 'w':
      return value < 1 || value > weeksOf(weekyearOf(date)) ? null : millis + (value - weekOf(date)) * 7 * DAY_MS
    case 'D':
      return value < 1 || value > (yearStart(year + 1) - yearStart(year)) / DAY_MS
        ? null
        : yearStart(year) + (value - 1) * DAY_MS + timeOf(millis)
    case 'M':
      return date.setUTCMonth(value - 1, Math.min(date.getUTCDate(), daysIn(year, value - 1)))
    case 'd':
      return value < 1 || value > daysIn(year, date.getUTCMonth()) ? null : date.setUTCDate(value)
    case 'e':
    case 'E':
      return millis + (value - weekday(date)) * DAY_MS
    case 'a':
      return date.setUTCHours((hour % 12) + 12 * value)
    case 'K':
    case 'h':
      return date.setUTCHours(hour - (hour % 12) + (value % 12))
    case 'H':
    case 'k':
      return date.setUTCHours(value % 24)
    case 'm':
      return date.setUTCMinutes(value)
    case 's':
      return date.setUTCSeconds(value)
    case 'S':
      return date.setUTCMilliseconds(value)
  }
}

/** The start of the field's unit in which the time lies. */
function floored(millis: number, field: JodaField): number {
  const date = new Date(millis)
  const year = date.getUTCFullYear()
  switch (UNITS[field][1]) {
    case EVER:
      return yearStart(year > 0 ? 1 : 0)
    case CENTURY:
      return yearStart(year > 0 ? year - (year % 100) : 1 - (100 - ((1 - year) % 100)))
    case YEAR:
      return field === 'x' ? weekyearStart(weekyearOf(date)) : yearStart(year)
    case MONTH:
      return millis - timeOf(millis) - (date.getUTCDate() - 1) * DAY_MS
    case WEEK:
      return millis - timeOf(millis) - (weekday(date) - 1) * DAY_MS
    case DAY:
      return millis - timeOf(millis)
    case HALFDAY:
      return millis - modulo(millis, DAY_MS / 2)
    case HOUR:
      return millis - modulo(millis, 3_600_000)
    case MINUTE:
      return millis - modulo(millis, 60_000)
    case SECOND:
      return millis - modulo(millis, 1_000)
    default:
      return millis
  }
}

function withYear(date: Date, year: number): number {
  return new Date(date).setUTCFullYear(year, date.getUTCMonth(), Math.min(date.getUTCDate(), daysIn(year, date.getUTCMonth())))
}

function yearStart(year: number): number {
  return new Date(0).setUTCFullYear(year, 0, 1)
}

function daysIn(year: number, month: number): number {
  return new Date(new Date(0).setUTCFullYear(year, month + 1, 0)).getUTCDate()
}

/** 1 for Monday to 7. */
function weekday(date: Date): number {
  return date.getUTCDay() || 7
}

/** The Monday of the week with the year's first Thursday (ISO 8601). */
function weekyearStart(year: number): number {
  const fourth = new Date(new Date(0).setUTCFullYear(year, 0, 4))
  return fourth.getTime() - (weekday(fourth) - 1) * DAY_MS
}

function weekyearOf(date: Date): number {
  const thursday = new Date(date.getTime() + (4 - weekday(date)) * DAY_MS)
  return thursday.getUTCFullYear()
}

function weekOf(date: Date): number {
  return 1 + Math.floor((date.getTime() - weekyearStart(weekyearOf(date))) / (7 * DAY_MS))
}

function weeksOf(year: number): number {
  return (weekyearStart(year + 1) - weekyearStart(year)) / (7 * DAY_MS)
}

function timeOf(millis: number): number {
  return modulo(millis, DAY_MS)
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
