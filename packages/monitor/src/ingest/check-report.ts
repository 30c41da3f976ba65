import type { MonitorReport } from 'sluice/monitor-report'

/** What a report has wrong, by the path of the field: `cells[3].acked`. */
export class ReportError extends Error {
  readonly field: string

  constructor(field: string, what: string) {
    super(`${field} ${what}`)
    this.name = 'ReportError'
    this.field = field
  }
}

const MAX_CELLS = 20_000
const MAX_TEXT = 1024
/** Ranges in one list; a monitor sends 1024 at most. */
const MAX_RANGES = 20_000
const MAX_NAMES = 1000
const MAX_BUCKETS = 4096

type Fields = Readonly<Record<string, unknown>>
type Check = (value: unknown, field: string) => void

/**
 * Throws ReportError for anything that the collector could not rely on: reports come over the network. Fields that it does
 * not know are let through, as newer monitors may send them.
 */
export function checkReport(value: unknown): MonitorReport {
  const report = fields(value, 'report')
  if (report.v !== 1) throw new ReportError('v', 'must be 1: this collector reads reports of version 1')
  if (typeof report.session !== 'string' || !/^[0-9a-f]{16}$/.test(report.session)) {
    throw new ReportError('session', 'must be 16 hexadecimal digits')
  }
  whole(report.seq, 'seq')
  if (report.after !== undefined && report.after !== -1) whole(report.after, 'after')
  oneOf(['start', 'report', 'close'])(report.event, 'event')
  number(report.sentAt, 'sentAt')
  if (report.intervalMs !== undefined) number(report.intervalMs, 'intervalMs')
  if (report.probe !== undefined) {
    const probe = fields(report.probe, 'probe')
    whole(probe.seq, 'probe.seq')
    number(probe.sentAt, 'probe.sentAt')
    number(probe.ackedAt, 'probe.ackedAt')
  }
  checkClient(report.client)
  list(report.cells, 'cells', MAX_CELLS, checkCell)
  list(report.assignments, 'assignments', MAX_CELLS, checkAssignment)
  list(report.chain, 'chain', MAX_NAMES, checkInterceptor)
  whole(report.droppedCells, 'droppedCells')
  number(report.selfNs, 'selfNs')
  return value as MonitorReport
}

function checkClient(value: unknown): void {
  const client = fields(value, 'client')
  oneOf(['producer', 'consumer'])(client.role, 'client.role')
  for (const name of ['clientId', 'host', 'library', 'version']) text(client[name], `client.${name}`)
  for (const name of ['groupId', 'clusterId', 'app']) if (client[name] !== undefined) text(client[name], `client.${name}`)
  whole(client.pid, 'client.pid')
  number(client.startedAt, 'client.startedAt')
}

function checkCell(value: unknown, at: string): void {
  const cell = fields(value, at)
  topicPartition(cell, at)
  number(cell.window, `${at}.window`)
  if (cell.window !== -1) whole(cell.window, `${at}.window`)
  for (const name of ['version', 'records', 'bytes']) whole(cell[name], `${at}.${name}`)
  for (const name of ['acked', 'aborted', 'overwritten', 'seen', 'redelivered', 'replayed', 'sequences']) optional(cell, name, at, ranges)
  for (const name of ['failed', 'dropped']) optional(cell, name, at, counts)
  for (const name of ['filtered', 'readSequences']) optional(cell, name, at, rangesByName)
  for (const name of ['produce', 'transit', 'queue', 'process', 'commit']) optional(cell, name, at, histogram)
  if (cell.approximate !== undefined && cell.approximate !== true) throw new ReportError(`${at}.approximate`, 'must be true, or left out')
}

function checkAssignment(value: unknown, at: string): void {
  const assignment = fields(value, at)
  topicPartition(assignment, at)
  for (const name of ['number', 'version', 'begin', 'position']) whole(assignment[name], `${at}.${name}`)
  for (const name of ['beganAt', 'committedAt']) number(assignment[name], `${at}.${name}`)
  if (assignment.committed !== -1) whole(assignment.committed, `${at}.committed`)
  if (assignment.ended !== undefined && assignment.ended !== true) throw new ReportError(`${at}.ended`, 'must be true, or left out')
}

function checkInterceptor(value: unknown, at: string): void {
  const interceptor = fields(value, at)
  text(interceptor.name, `${at}.name`)
  for (const name of ['calls', 'errors', 'dropped']) whole(interceptor[name], `${at}.${name}`)
  oneOf(['on', 'off', 'trying'])(interceptor.state, `${at}.state`)
  for (const name of ['meanNs', 'maxNs']) number(interceptor[name], `${at}.${name}`)
}

function topicPartition(value: Fields, at: string): void {
  text(value.topic, `${at}.topic`)
  // Records that got no partition are told under -1.
  if (value.partition !== -1) whole(value.partition, `${at}.partition`)
}

function optional(value: Fields, name: string, at: string, check: Check): void {
  if (value[name] !== undefined) check(value[name], `${at}.${name}`)
}

function fields(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ReportError(field, 'must be an object')
  return value as Fields
}

function list(value: unknown, field: string, most: number, check: Check): void {
  if (!Array.isArray(value)) throw new ReportError(field, 'must be a list')
  if (value.length > most) throw new ReportError(field, `may have ${most} entries at most`)
  for (let index = 0; index < value.length; index++) check(value[index], `${field}[${index}]`)
}

function text(value: unknown, field: string): void {
  if (typeof value !== 'string' || value.length > MAX_TEXT) throw new ReportError(field, `must be a text of ${MAX_TEXT} characters at most`)
}

function number(value: unknown, field: string): void {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ReportError(field, 'must be a number')
}

function whole(value: unknown, field: string): void {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new ReportError(field, 'must be a whole number from 0 on')
}

function oneOf(allowed: readonly string[]): Check {
  return (value, field) => {
    if (!allowed.includes(value as string)) throw new ReportError(field, `must be one of ${allowed.join(', ')}`)
  }
}

function ranges(value: unknown, field: string): void {
  if (!Array.isArray(value) || value.length % 2 !== 0 || value.length > 2 * MAX_RANGES) {
    throw new ReportError(field, `must be pairs of first offset and count, ${MAX_RANGES} pairs at most`)
  }
  let free = 0
  for (let index = 0; index < value.length; index += 2) {
    const first: unknown = value[index]
    const count: unknown = value[index + 1]
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || (first as number) < free || (count as number) < 1) {
      throw new ReportError(field, 'must be pairs of first offset and count, ascending and apart from each other')
    }
    free = (first as number) + (count as number)
    if (!Number.isSafeInteger(free)) throw new ReportError(field, 'has an offset that is too large')
  }
}

function named(value: unknown, field: string): [string, unknown][] {
  const entries = Object.entries(fields(value, field))
  if (entries.length > MAX_NAMES) throw new ReportError(field, `may have ${MAX_NAMES} names at most`)
  for (const [name] of entries) text(name, field)
  return entries
}

function counts(value: unknown, field: string): void {
  for (const [, count] of named(value, field)) whole(count, field)
}

function rangesByName(value: unknown, field: string): void {
  for (const [, given] of named(value, field)) ranges(given, field)
}

function histogram(value: unknown, field: string): void {
  const state = fields(value, field)
  if (!Number.isInteger(state.scale) || (state.scale as number) < -10 || (state.scale as number) > 20) {
    throw new ReportError(`${field}.scale`, 'must be a whole number from -10 to 20')
  }
  whole(state.count, `${field}.count`)
  whole(state.zeros, `${field}.zeros`)
  for (const name of ['sum', 'min', 'max']) number(state[name], `${field}.${name}`)
  buckets(state.offset, state.buckets, field)
  if (state.negativeBuckets !== undefined) buckets(state.negativeOffset, state.negativeBuckets, field)
}

function buckets(offset: unknown, counts: unknown, field: string): void {
  if (!Number.isInteger(offset) || Math.abs(offset as number) > 1 << 24) throw new ReportError(`${field}.offset`, 'must be a whole number')
  list(counts, `${field}.buckets`, MAX_BUCKETS, whole)
}
