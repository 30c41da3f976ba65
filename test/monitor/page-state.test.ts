// The parts of the web page that need no browser.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { readCommand } from '../../packages/monitor/page/src/findings.ts'
import { clock, compact, count, dateAndClock, duration, nanoseconds, offsets, percent } from '../../packages/monitor/page/src/format.ts'
import {
  defaultView,
  formatView,
  lengthMs,
  pageNames,
  parseView,
  rangeQuery,
  resolveRange,
  type ViewState,
} from '../../packages/monitor/page/src/state/view-state.ts'

const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
const whole = fc.nat({ max: 2_000_000_000_000 })
const someView: fc.Arbitrary<ViewState> = fc
  .record({
    page: fc.constantFrom(...pageNames),
    from: fc.oneof(fc.constantFrom('-5m', '-1h', '-90s', '-7d'), whole.map(String)),
    to: fc.oneof(fc.constant('now'), whole.map(String)),
    topic: fc.option(name),
    group: fc.option(name),
    bin: fc.constantFrom('auto', '10s', '1m', '15m', '1h'),
    live: fc.boolean(),
    sort: fc.constantFrom('', 'lag', '-missing'),
    filter: fc.oneof(fc.constant(''), name),
    open: fc.option(fc.constantFrom('missing', 'all')),
    at: fc.option(whole),
    partition: fc.option(fc.nat({ max: 1000 })),
  })
  .filter(({ page, topic, group }) => page !== 'stream' || (topic !== null && group !== null))
  .map((view) => ({ ...view }))
  // A topic and a group are a stream; other pages show at most one of them, but for a filtered overview.
  .filter(({ page, topic, group }) => page === 'stream' || page === 'overview' || topic === null || group === null)

test('monitor page state - an address says everything that is shown', () => {
  fc.assert(fc.property(someView, (view) => assert.deepEqual(parseView(formatView(view)), view)))
})

test('monitor page state - an address that makes no sense shows the default, and never fails', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (search) => assert.ok(pageNames.includes(parseView(search).page))))
  assert.deepEqual(parseView('?page=nowhere&from=yesterday&to=-3&bin=fast&at=x'), defaultView)
  assert.equal(parseView('?page=stream&topic=orders').page, 'overview')
  assert.equal(formatView(defaultView), '.')
})

test('monitor page state - the address of the design opens a live stream', () => {
  const view = parseView('?from=-1h&topic=orders&group=billing&bin=10s&live=1')
  assert.deepEqual([view.page, view.topic, view.group, view.bin, view.live], ['stream', 'orders', 'billing', '10s', true])
  assert.equal(formatView(view), '?topic=orders&group=billing&bin=10s')
})

test('monitor page state - ranges are asked for by the clock of the collector, and drawn by it', () => {
  assert.equal(rangeQuery({ from: '-1h', to: 'now' }), 'from=-1h&to=now')
  assert.equal(rangeQuery({ from: '-1h', to: '7200000' }), 'from=3600000&to=7200000')
  assert.deepEqual(resolveRange({ from: '-15m', to: 'now' }, 1_000_000), { from: 100_000, to: 1_000_000 })
  assert.deepEqual(resolveRange({ from: '5', to: '9' }, 1_000_000), { from: 5, to: 9 })
  assert.deepEqual(['-7d', '10s', 'auto', '5 m'].map(lengthMs), [604_800_000, 10_000, null, null])
})

test('monitor page format - counts are told in full, up to the largest', () => {
  assert.deepEqual([0, 999, 1234, 12_345, 4_139_200, -12_345].map(count), [
    '0',
    '999',
    '1234',
    '12\u202f345',
    '4\u202f139\u202f200',
    '−12\u202f345',
  ])
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => Number(count(value).replaceAll('\u202f', '').replace('−', '-')) === value))
})

test('monitor page format - offsets are told without gaps: they are pasted into commands', () => {
  assert.equal(offsets(88_120, 88_131), '88120–88131')
  assert.equal(offsets(9_007_199_254_740_991, 9_007_199_254_740_991), '9007199254740991')
})

test('monitor page format - rates and lengths of time have three digits and a unit', () => {
  assert.deepEqual([0, 0.25, 12, 84.4, 999, 1210, 18_400, 999_499, 4_230_000, 2e9].map(compact), [
    '0',
    '0.25',
    '12',
    '84.4',
    '999',
    '1.21k',
    '18.4k',
    '999k',
    '4.23M',
    '2G',
  ])
  assert.deepEqual(
    [0, 1.234, 84.4, 999, 4200, 57_000, 57 * 60_000, 26 * 3_600_000, 9 * 86_400_000, -180].map((ms) => duration(ms).replace('\u00a0', ' ')),
    ['0 ms', '1.2 ms', '84 ms', '999 ms', '4.2 s', '57 s', '57 min', '26 h', '9 d', '−180 ms'],
  )
  assert.deepEqual(
    [61, 1840, 12_400, 510_000, 4_100_000].map((ns) => nanoseconds(ns).replace('\u00a0', ' ')),
    ['61 ns', '1.8 µs', '12 µs', '510 µs', '4.1 ms'],
  )
})

test('monitor page format - a share is never rounded up to all', () => {
  const shown = [1, 0.9999999, 0.99998, 0.97, 0.5949, 0, null].map((share) => percent(share).replace('\u00a0', ' '))
  assert.deepEqual(shown, ['100 %', '99.999 %', '99.998 %', '97 %', '59.4 %', '0 %', '–'])
})

test('monitor page format - times are those of the zone', () => {
  assert.equal(clock(1_773_483_300_000, 'utc'), '10:15:00')
  assert.equal(dateAndClock(1_773_483_300_000, 'utc'), '2026-03-14 10:15:00 UTC')
})

test('monitor page findings - a command reads exactly the range, and a topic cannot break out of it', () => {
  const range = { kind: 'missing', partition: 3, first: 88_120, last: 88_131, count: 12 } as const
  assert.equal(readCommand('orders', range), 'kcat -b BROKER -C -t orders -p 3 -o 88120 -c 12 -e')
  assert.match(readCommand("a'; rm x", range), /-t 'a'\\''; rm x' /)
})
