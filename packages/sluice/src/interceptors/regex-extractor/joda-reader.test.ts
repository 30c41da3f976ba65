import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { isKafkaError } from 'sluice'
import { jodaReader } from './joda-reader.ts'
import { utcMillis, zoneOf } from './time-zone.ts'

type Row = readonly ['texts', readonly string[]] | readonly ['read', pattern: string, 'refused' | Readonly<Record<string, number>>]

// What Joda-Time 2.10.14 reads, in UTC and English: for each pattern the milliseconds of the texts that it takes.
const rows = readFileSync(new URL('joda.recorded.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Row)
const texts = rows.find((row) => row[0] === 'texts')![1] as readonly string[]
const utc = (): number => 0

test('jodaReader - reads what Joda-Time reads, to the millisecond, and nothing else', () => {
  for (const row of rows) {
    if (row[0] !== 'read') continue
    const [, pattern, read] = row
    if (read === 'refused') {
      assert.throws(() => jodaReader(pattern, utc), isKafkaError, pattern)
      continue
    }
    const reader = jodaReader(pattern, utc)
    // Which hundred years two digits mean moves with the calendar.
    const takes = (text: string): boolean => !/(^|[^y])yy([^y]|$)/.test(pattern) || /^\d{3,}$/.test(text) || !/\d/.test(text)
    for (const text of texts) if (takes(text)) assert.equal(reader(text), read[text] ?? null, `${pattern} of ${JSON.stringify(text)}`)
  }
})

test('jodaReader - two digits are a year from 80 years ago to 19 ahead', () => {
  const read = jodaReader('yy-MM', utc)
  const yearOf = (text: string): number => new Date(read(text)!).getUTCFullYear()
  const now = new Date().getFullYear()
  for (const year of [now - 80, now - 50, now, now + 19]) assert.equal(yearOf(`${String(year % 100).padStart(2, '0')}-01`), year)
})

test('jodaReader - a zone that the text names wins; else the one given, with its summer time', () => {
  const berlin = zoneOf('Europe/Berlin')!
  const at = (iso: string): number => Date.parse(iso)
  assert.equal(jodaReader('yyyy-MM-dd HH:mm', berlin)('2024-07-01 12:00'), at('2024-07-01T10:00:00Z'))
  assert.equal(jodaReader('yyyy-MM-dd HH:mm', berlin)('2024-01-01 12:00'), at('2024-01-01T11:00:00Z'))
  assert.equal(jodaReader('yyyy-MM-dd HH:mm ZZZ', berlin)('2024-01-01 12:00 Asia/Tokyo'), at('2024-01-01T03:00:00Z'))
  assert.equal(jodaReader('yyyy-MM-dd HH:mm z', berlin)('2024-07-01 12:00 EST'), at('2024-07-01T16:00:00Z'))
})

test('utcMillis - a time that clocks skip is none, and of two it is the earlier', () => {
  const berlin = zoneOf('Europe/Berlin')!
  const local = (iso: string): number => Date.parse(`${iso}Z`)
  assert.equal(utcMillis(local('2024-03-31T02:30:00'), berlin), null)
  assert.equal(utcMillis(local('2024-03-31T03:00:00'), berlin), Date.parse('2024-03-31T01:00:00Z'))
  assert.equal(utcMillis(local('2024-10-27T02:30:00'), berlin), Date.parse('2024-10-27T00:30:00Z'))
  assert.equal(utcMillis(local('2024-10-27T03:00:00'), berlin), Date.parse('2024-10-27T02:00:00Z'))
  assert.equal(zoneOf('Nowhere/Else'), null)
})

test('jodaReader - the date and time of any moment are read back, whatever weekday is said beside them', () => {
  const names = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
  const plain = jodaReader('yyyy-MM-dd HH:mm:ss.SSS', utc)
  const withWeekday = jodaReader('E, yyyy-MM-dd HH:mm:ss.SSS', utc)
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0001-01-08T00:00:00Z'), max: new Date('9999-12-20T00:00:00Z'), noInvalidDate: true }),
      fc.nat(6),
      (date, said) => {
        const text = date.toISOString().replace('T', ' ').slice(0, -1)
        assert.equal(plain(text), date.getTime())
        // The day of that name in the week of the date, which starts on Monday.
        const moved = ((said + 6) % 7) - ((date.getUTCDay() + 6) % 7)
        assert.equal(withWeekday(`${names[said]}, ${text}`), date.getTime() + moved * 86_400_000)
      },
    ),
  )
})
