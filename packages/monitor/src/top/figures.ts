// Numbers and times in few columns. What counts records exactly is never rounded while it fits.

export type TimeZone = 'utc' | 'local'

/** In full up to 999999, from then on in three digits. */
export function exact(value: number): string {
  return Math.abs(value) < 1e6 ? String(value) : compact(value)
}

/** Three digits at most: 0.42, 12.5, 1.21k, 4.1M. */
export function compact(value: number): string {
  const size = Math.abs(value)
  for (const [limit, divisor, name] of scales) if (size < limit) return `${threeDigits(value / divisor)}${name}`
  return value.toExponential(1)
}

const scales = [
  [999.5, 1, ''],
  [999_500, 1e3, 'k'],
  [999_500_000, 1e6, 'M'],
  [999_500_000_000, 1e9, 'G'],
  [999_500_000_000_000, 1e12, 'T'],
] as const

function threeDigits(value: number): string {
  const size = Math.abs(value)
  const text = size >= 99.95 ? value.toFixed(0) : size >= 9.995 ? value.toFixed(1) : value.toFixed(2)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** A length of time in at most five columns: 8ms, 84ms, 0.3s, 57s, 12m, 3h, 5d. */
export function duration(ms: number): string {
  const size = Math.abs(ms)
  if (size < 99.5) return `${Number(ms.toFixed(size < 9.95 ? 1 : 0))}ms`
  if (size < 9950) return size < 999.5 ? `${ms.toFixed(0)}ms` : `${Number((ms / 1000).toFixed(1))}s`
  if (size < 119_500) return `${Math.round(ms / 1000)}s`
  if (size < 7_170_000) return `${Math.round(ms / 60_000)}m`
  if (size < 172_000_000) return `${Math.round(ms / 3_600_000)}h`
  return `${Math.round(ms / 86_400_000)}d`
}

export function nanoseconds(ns: number): string {
  if (ns < 1000) return `${Math.round(ns)}ns`
  if (ns < 1e6) return `${Number((ns / 1000).toPrecision(3))}us`
  return duration(ns / 1e6)
}

/** Rounded down, so that 100% means all. */
export function percent(share: number): string {
  if (share >= 1) return '100%'
  const thousandths = Math.floor(share * 100_000)
  return thousandths >= 99_900 ? `${(thousandths / 1000).toFixed(3)}%` : `${(Math.floor(share * 1000) / 10).toFixed(1)}%`
}

/** 10:14:02 */
export function clockTime(time: number, zone: TimeZone): string {
  const at = new Date(time)
  if (zone === 'utc') return at.toISOString().slice(11, 19)
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((value) => String(value).padStart(2, '0')).join(':')
}

/** The time, with the day in front of it when that is not the day of `now`. */
export function timeNear(time: number, now: number, zone: TimeZone): string {
  const day = (at: number): string => {
    if (zone === 'utc') return new Date(at).toISOString().slice(0, 10)
    const date = new Date(at)
    return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((value) => String(value).padStart(2, '0')).join('-')
  }
  return day(time) === day(now) ? clockTime(time, zone) : `${day(time)} ${clockTime(time, zone)}`
}

/** Offsets are named in full: they are pasted into commands. */
export function offsets(first: number, last: number, dash: string): string {
  return first === last ? String(first) : `${first}${dash}${last}`
}

export function plural(value: number, one: string): string {
  return `${exact(value)} ${one}${value === 1 ? '' : 's'}`
}
