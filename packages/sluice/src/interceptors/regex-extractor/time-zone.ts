/** What a clock in some place is ahead of UTC at a moment, in milliseconds. */
export type OffsetOf = (utcMillis: number) => number

/** The zone of this process (`TZ`), as the JVM's default zone. */
export const systemOffset: OffsetOf = (utcMillis) => -new Date(utcMillis).getTimezoneOffset() * 60_000

/** Names that Joda reads for `z`; those of North America mean the zone, with its summer time. */
export const zoneNames: ReadonlyMap<string, string> = new Map([
  ['UT', 'UTC'],
  ['UTC', 'UTC'],
  ['GMT', 'UTC'],
  ['EST', 'America/New_York'],
  ['EDT', 'America/New_York'],
  ['CST', 'America/Chicago'],
  ['CDT', 'America/Chicago'],
  ['MST', 'America/Denver'],
  ['MDT', 'America/Denver'],
  ['PST', 'America/Los_Angeles'],
  ['PDT', 'America/Los_Angeles'],
])

/** Ids come from texts that others write: so many are kept. */
const ZONES_KEPT = 1000
const zones = new Map<string, OffsetOf | null>()

/** Null when there is no zone with this id. */
export function zoneOf(id: string): OffsetOf | null {
  let found = zones.get(id)
  if (found === undefined) {
    found = makeZone(id)
    if (zones.size < ZONES_KEPT) zones.set(id, found)
  }
  return found
}

function makeZone(id: string): OffsetOf | null {
  if (id === 'UTC') return () => 0
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: id,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    return null
  }
  return (utcMillis) => {
    const whole = utcMillis - (((utcMillis % 1000) + 1000) % 1000)
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {}
    for (const { type, value } of format.formatToParts(whole)) parts[type] = value
    const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year)
    const local = new Date(0)
    local.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day))
    return local.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second)) - whole
  }
}

/**
 * The moment at which clocks of the zone show the local time: the earlier of two where clocks are put back, null where
 * they are put forward over it (Joda: IllegalInstantException).
 */
export function utcMillis(local: number, offsetOf: OffsetOf): number | null {
  const before = local - offsetOf(local - 86_400_000)
  const after = local - offsetOf(local + 86_400_000)
  const first = Math.min(before, after)
  if (first + offsetOf(first) === local) return first
  const second = Math.max(before, after)
  return second + offsetOf(second) === local ? second : null
}
