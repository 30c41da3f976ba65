import { configError } from 'sluice'
import { zoneOf } from '../regex-extractor/time-zone.ts'

const FIELDS: Readonly<Record<string, (date: Date) => string>> = {
  yyyy: (date) => String(date.getUTCFullYear()).padStart(4, '0'),
  yy: (date) => two(date.getUTCFullYear() % 100),
  MM: (date) => two(date.getUTCMonth() + 1),
  dd: (date) => two(date.getUTCDate()),
  HH: (date) => two(date.getUTCHours()),
  mm: (date) => two(date.getUTCMinutes()),
  ss: (date) => two(date.getUTCSeconds()),
}

/** Writes a moment as the pattern says, on the clocks of the zone. Throws CONFIG for letters and zones that are not known. */
export function datePattern(pattern: string, timeZone: string, option: string): (timestamp: number) => string {
  const offsetOf = zoneOf(timeZone)
  if (offsetOf === null) throw configError(`${option}: there is no time zone ${JSON.stringify(timeZone)}`)
  const parts = [...pattern.matchAll(/([A-Za-z])\1*|[^A-Za-z]+/g)].map(([text, letter]) => {
    if (letter === undefined) return () => text
    const field = FIELDS[text]
    if (field === undefined)
      throw configError(`${option} is no placeholder: there are {topic}, {header:NAME} and dates of ${Object.keys(FIELDS).join(', ')}`)
    return field
  })
  if (!/[A-Za-z]/.test(pattern))
    throw configError(`${option} is no placeholder: there are {topic}, {header:NAME} and dates such as {yyyyMMdd}`)
  const step = pattern.includes('s') ? 1000 : 60_000
  let last = Number.NaN
  let text = ''
  return (timestamp) => {
    // Records come in the order of time, more or less.
    const unit = Math.floor(timestamp / step)
    if (unit === last) return text
    const local = new Date(timestamp + offsetOf(timestamp))
    if (Number.isNaN(local.getTime())) return ''
    text = parts.map((part) => part(local)).join('')
    last = unit
    return text
  }
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
