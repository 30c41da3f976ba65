import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from 'sluice/testing'
import { ENTER, LEAVE, Screen } from './screen.ts'
import { FakeOutput } from './testing/fake-terminal.ts'

function opened(lines: readonly string[], columns = 10) {
  const clock = new ManualClock()
  const output = new FakeOutput({ columns, rows: lines.length })
  const shown = { lines, width: columns }
  const screen = new Screen(output, clock, () => shown)
  output.write(ENTER)
  screen.open()
  return { clock, output, shown, screen }
}

test('screen - only lines that changed are written, in one write that the terminal shows at once', () => {
  const { clock, output, shown, screen } = opened(['one', 'two', 'three'])
  assert.deepEqual(output.grid.lines(), ['one', 'two', 'three'])
  shown.lines = ['one', '2', 'three']
  clock.advance(250)
  const before = output.writes.length
  screen.request()
  assert.deepEqual(output.writes.slice(before), ['\x1b[?2026h\x1b[2;1H2\x1b[K\x1b[?2026l'])
  assert.deepEqual(output.grid.lines(), ['one', '2', 'three'])
})

test('screen - a frame that is the same is not written', () => {
  const { clock, output, screen } = opened(['one'])
  clock.advance(1000)
  const before = output.writes.length
  screen.request()
  assert.equal(output.writes.length, before)
})

test('screen - the last letter of a line of full width stays', () => {
  const { clock, output, shown, screen } = opened(['aaaaaaaaaa'])
  shown.lines = ['bbbbbbbbbb']
  clock.advance(250)
  screen.request()
  assert.deepEqual(output.grid.lines(), ['bbbbbbbbbb'])
})

test('screen - four frames a second, the last one as new as can be', () => {
  const { clock, output, shown, screen } = opened(['0'])
  const before = output.writes.length
  for (let at = 1; at <= 100; at++) {
    shown.lines = [String(at)]
    screen.request()
    clock.advance(10)
  }
  assert.equal(output.writes.length - before, 4)
  clock.advance(250)
  assert.deepEqual(output.grid.lines(), ['100'])
})

test('screen - a terminal that takes no more gets nothing until it does, then the newest frame alone', () => {
  const { clock, output, shown, screen } = opened(['0'])
  output.isFull = true
  shown.lines = ['1']
  clock.advance(250)
  screen.request()
  const before = output.writes.length
  for (const text of ['2', '3', '4']) {
    shown.lines = [text]
    clock.advance(1000)
    screen.request()
  }
  assert.equal(output.writes.length, before)
  output.isFull = false
  output.emit('drain')
  assert.equal(output.writes.length, before + 1)
  assert.deepEqual(output.grid.lines(), ['4'])
})

test('screen - after it is closed nothing is drawn, not even what was due', () => {
  const { clock, output, shown, screen } = opened(['0'])
  shown.lines = ['1']
  screen.request()
  screen.close()
  output.write(LEAVE)
  clock.advance(1000)
  screen.request()
  assert.equal(output.writes.at(-1), LEAVE)
  assert.ok(output.grid.isRestored)
})
