import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ProducerInterceptor } from 'sluice'
import { recordContext, recordOf, testContext } from 'sluice/testing'
import { regexFilter } from '../regex-filter/index.ts'
import { regexExtractor } from './index.ts'

interface LogLine {
  readonly time: string
  readonly level: string
  readonly message: string
}

const FILE = 'Apache_2k.log'
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A parser by hand, without regular expressions: `[Sun Dec 04 04:47:44 2005] [error] message`. */
function parsed(line: string): LogLine | null {
  const timeEnd = line.indexOf(']')
  if (line[0] !== '[' || timeEnd < 0 || line.slice(timeEnd + 1, timeEnd + 3) !== ' [') return null
  const levelEnd = line.indexOf(']', timeEnd + 1)
  if (levelEnd < 0 || line[levelEnd + 1] !== ' ') return null
  const [, month, day, clock, year] = line.slice(1, timeEnd).split(' ')
  const [hour, minute, second] = clock!.split(':').map(Number)
  const time = new Date(Number(year), MONTHS.indexOf(month!), Number(day), hour, minute, second).getTime()
  return { time: String(time), level: line.slice(timeEnd + 3, levelEnd), message: line.slice(levelEnd + 2) }
}

/** What comes of the lines after the interceptors, as a producer calls them one after the other; null for a dropped line. */
async function through(interceptors: readonly ProducerInterceptor[], lines: readonly string[]): Promise<(LogLine | null)[]> {
  for (const interceptor of interceptors) await interceptor.configure?.(testContext())
  return lines.map((line) => {
    const record = recordOf({ value: Buffer.from(line) })
    for (const interceptor of interceptors) if (interceptor.onSend?.(record, recordContext()) !== record) return null
    const { headers } = record
    return { time: headers.getString('time')!, level: headers.getString('level')!, message: headers.getString('message')! }
  })
}

const serializers = [{ name: 'time', type: 'millis', pattern: 'EEE MMM dd HH:mm:ss yyyy' }, { name: 'level' }, { name: 'message' }]
const LINE = '^\\[([^\\]]+)\\] \\[(\\w+)\\] (.*)$'

async function assertSameFields(text: string): Promise<void> {
  const lines = text.trimEnd().split('\r\n')
  const expected = lines.map(parsed)
  for (const settings of [{ engine: 're2' }, { engine: 'javascript' }, { compat: 'flume' }] as const) {
    const all = await through([regexFilter({ regex: LINE, ...settings }), regexExtractor({ regex: LINE, serializers, ...settings })], lines)
    assert.deepEqual(all, expected, JSON.stringify(settings))
    const errors = await through(
      [regexFilter({ regex: '^\\[.*?\\] \\[error\\] ', ...settings }), regexExtractor({ regex: LINE, serializers, ...settings })],
      lines,
    )
    assert.deepEqual(
      errors,
      expected.map((line) => (line?.level === 'error' ? line : null)),
      JSON.stringify(settings),
    )
  }
  // Whoever splits at \n alone keeps the \r: Java's $ is before it, and its dot is not it.
  const withReturn = lines.map((line) => `${line}\r`)
  const java = [regexFilter({ regex: LINE, compat: 'flume' }), regexExtractor({ regex: LINE, serializers, compat: 'flume' })]
  assert.deepEqual(await through(java, withReturn), expected)
}

test('apache log - filter and extractor give the fields that a parser by hand gives, for a sample', async () => {
  const text = readFileSync(new URL('apache-log.sample.txt', import.meta.url), 'utf8')
  assert.equal(
    text
      .trimEnd()
      .split('\r\n')
      .map(parsed)
      .filter((line) => line?.level === 'error').length,
    3,
  )
  await assertSameFields(text)
})

test(`apache log - and for the 2000 lines of ${FILE}`, async (t) => {
  const folders = [process.env.SLUICE_DATA, join(import.meta.dirname, '../../../../../../shared/data')]
  const file = folders.map((folder) => join(folder ?? '', FILE)).find((path) => existsSync(path))
  if (file === undefined) {
    t.skip(`${FILE} is not there; set SLUICE_DATA to the folder that has it`)
    return
  }
  const text = readFileSync(file, 'utf8')
  assert.equal(text.trimEnd().split('\r\n').length, 2000)
  await assertSameFields(text)
})
