// What options of interceptors must be; for `check` of an option's row
import type { InterceptorOptionRow } from 'sluice'

export type OptionCheck = InterceptorOptionRow<unknown>['check'] & ((value: unknown) => string | null)

export function wholeNumberFrom(lowest: number): OptionCheck {
  return (value) => {
    if (Number.isInteger(value) && (value as number) >= lowest) return null
    return `must be a whole number from ${lowest}, not ${typeof value === 'number' ? value : kindOf(value)}`
  }
}

export function oneOf(...allowed: readonly string[]): OptionCheck {
  return (value) => {
    if (allowed.includes(value as string)) return null
    return `must be ${allowed.map((one) => JSON.stringify(one)).join(' or ')}, not ${typeof value === 'string' ? JSON.stringify(value) : kindOf(value)}`
  }
}

export function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
}
