// Numbers and times as people read them. Pure: the time zone comes in.

const THIN_SPACE = '\u202f'
const NOTHING = '–'

/** A full number with its thousands set apart: 4 100 000. */
export function count(value: number): string {
  const digits = Math.abs(Math.round(value)).toString()
  const grouped = digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, THIN_SPACE)
  return value < 0 ? `−${grouped}` : grouped
}

/** Three digits at most, for rates and axes: 1.21k. */
export function compact(value: number): string {
  const size = Math.abs(value)
  if (size >= 999_500) return size >= 999_500_000 ? `${short(value / 1e9)}G` : `${short(value / 1e6)}M`
  if (size >= 999.5) return `${short(value / 1e3)}k`
  return short(value)
}

function short(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  const text = size >= 99.95 ? value.toFixed(0) : size >= 9.995 ? value.toFixed(1) : value.toFixed(2)
  return text.replace(/\.?0+$/, (zeros) => (zeros.startsWith('.') ? '' : text.includes('.') ? '' : zeros)).replace('-', '−')
}

/** A length of time in its natural unit: 84 ms, 4.2 s, 57 min. */
export function duration(ms: number): string {
  const size = Math.abs(ms)
  if (size < 0.5) return '0 ms'
  if (size < 10) return unit(Number(ms.toFixed(1)), 'ms')
  if (size < 1000) return unit(Math.round(ms), 'ms')
  if (size < 10_000) return unit(Number((ms / 1000).toFixed(1)), 's')
  if (size < 120_000) return unit(Math.round(ms / 1000), 's')
  if (size < 7_200_000) return unit(Math.round(ms / 60_000), 'min')
  if (size < 172_800_000) return unit(Math.round(ms / 3_600_000), 'h')
  return unit(Math.round(ms / 86_400_000), 'd')
}

/** Nanoseconds in their natural unit: 61 ns, 1.8 µs, 4.1 ms. */
export function nanoseconds(ns: number): string {
  if (ns < 1000) return unit(Math.round(ns), 'ns')
  if (ns < 1_000_000) return unit(Number((ns / 1000).toPrecision(2)), 'µs')
  return duration(ns / 1_000_000)
}

function unit(value: number, name: string): string {
  return `${String(value).replace('-', '−')}\u00a0${name}`
}

/** 99.998 %: never rounded up to 100 when something is not there. */
export function percent(share: number | null): string {
  if (share === null) return NOTHING
  if (share >= 1) return '100\u00a0%'
  const value = Math.floor(share * 100_000 + 1e-6) / 1000
  const text = value > 99 ? value.toFixed(3) : (Math.floor(value * 10) / 10).toFixed(1)
  return `${text.replace(/\.?0+$/, '')}\u00a0%`
}

export function orNothing<T>(value: T | null | undefined, show: (value: T) => string): string {
  return value === null || value === undefined ? NOTHING : show(value)
}

export type TimeZone = 'utc' | 'local'

/** 10:14:02 */
export function clock(time: number, zone: TimeZone): string {
  return zone === 'utc' ? new Date(time).toISOString().slice(11, 19) : partsOf(time).clock
}

/** 2026-03-14 10:14:02, with the zone named when it is UTC. */
export function dateAndClock(time: number, zone: TimeZone): string {
  if (zone === 'utc') return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`
  const { date, clock: local } = partsOf(time)
  return `${date} ${local}`
}

/** The time, with the date in front of it when it is not the day of `now`. */
export function clockOn(time: number, now: number, zone: TimeZone): string {
  const full = dateAndClock(time, zone)
  return full.slice(0, 10) === dateAndClock(now, zone).slice(0, 10) ? clock(time, zone) : full
}

function partsOf(time: number): { readonly date: string; readonly clock: string } {
  const at = new Date(time)
  const two = (value: number): string => String(value).padStart(2, '0')
  return {
    date: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    clock: `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
  }
}

/** 12 records, 1 record. */
export function plural(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** Offsets are named in full and without gaps: they are pasted into commands. */
export function offsets(first: number, last: number): string {
  return first === last ? String(first) : `${first}–${last}`
}
