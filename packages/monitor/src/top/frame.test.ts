import assert from 'node:assert/strict'
import { snapshot, test } from 'node:test'
import type { StreamRow } from '../api-types.ts'
import { frameOf, onceLines } from './frame.ts'
import type { FrameInput } from './frame-input.ts'
import { asciiGlyphs, unicodeGlyphs } from './glyphs.ts'
import { paint } from './line.ts'
import type { Snapshot } from './snapshot.ts'
import { AnsiGrid } from './testing/ansi-grid.ts'
import { NOW, type Seeded, seeded, streamRow } from './testing/seeded.ts'
import { widthOf } from './text.ts'
import { initialView, keyHelp, type ViewName, type ViewState } from './view-state.ts'

snapshot.setDefaultSnapshotSerializers([String])

const views: readonly ViewName[] = ['streams', 'lag', 'interceptors', 'clients', 'detail', 'help']

function snapshotOf({ streams, alerts, clients, status, ranges, partitions }: Seeded): Snapshot {
  const byKey = <T>(record: Record<string, T>): Map<string, T> =>
    new Map(Object.entries(record).map(([key, value]) => [key.replace('/', '\n'), value]))
  return { streams, alerts, clients, status, ranges: byKey(ranges), partitions: byKey(partitions) }
}

interface Look {
  readonly width: number
  readonly height?: number
  readonly colour?: boolean
  readonly ascii?: boolean
  readonly state?: Partial<ViewState>
  readonly data?: Seeded
  readonly lost?: FrameInput['lost']
}

function inputOf({ width, height = 20, ascii = false, state = {}, data = seeded(), lost = null }: Look): FrameInput {
  return {
    snapshot: snapshotOf(data),
    state: { ...initialView, stream: 'orders\nbilling', ...state },
    source: 'http://127.0.0.1:9470',
    lost,
    width,
    height,
    glyphs: ascii ? asciiGlyphs : unicodeGlyphs,
    ascii,
    zone: 'utc',
  }
}

/** As a terminal of this size shows it. */
function gridOf(look: Look): AnsiGrid {
  const input = inputOf(look)
  const grid = new AnsiGrid(look.width, input.height)
  grid.write(
    frameOf(input)
      .lines.map((line) => paint(line, look.width, { colour: look.colour ?? false, ascii: input.ascii }))
      .join('\n'),
  )
  return grid
}

for (const width of [40, 80, 160]) {
  test(`top - the streams at ${width} columns, without colour and with it`, (t) => {
    const plain = gridOf({ width })
    const coloured = gridOf({ width, colour: true })
    assert.equal(coloured.text(), plain.text())
    t.assert.snapshot(`\n${plain.text()}\n`)
    t.assert.snapshot(`\n${coloured.styles()}\n`)
  })

  for (const view of views.slice(1)) {
    test(`top - ${view} at ${width} columns`, (t) => {
      t.assert.snapshot(`\n${gridOf({ width, height: 30, state: { view } }).text()}\n`)
    })
  }
}

test('top - the same in ASCII alone', (t) => {
  const text = gridOf({ width: 160, ascii: true }).text()
  assert.match(text, /^[\x20-\x7e\n]*$/)
  t.assert.snapshot(`\n${text}\n`)
})

test('top - one frame to look at once names every missing range', (t) => {
  const lines = onceLines(inputOf({ width: 120 })).map((line) => paint(line, 120, { colour: false, ascii: false }))
  t.assert.snapshot(`\n${lines.join('\n')}\n`)
})

test('top - every view has as many lines as the terminal, none wider than it, whatever its size', () => {
  for (const view of views) {
    for (let width = 20; width <= 200; width += 7) {
      for (const height of [1, 2, 5, 11, 12, 24, 60]) {
        const { lines } = frameOf(inputOf({ width, height, state: { view } }))
        assert.equal(lines.length, height, `${view} ${width}x${height}`)
        for (const line of lines) assert.ok(widthOf(paint(line, width, { colour: false, ascii: false })) <= width)
      }
    }
  }
})

test('top - from 40 columns on, what is missing and how far a group is behind are there', () => {
  for (let width = 40; width <= 200; width++) {
    const [, heading] = gridOf({ width }).lines()
    assert.match(heading!, /MISS.*BEHIND/, `${width} columns`)
  }
})

test('top - nothing is said by colour alone: lost, selected, dead, switched off and stalled have a mark or a word', () => {
  const streams = gridOf({ width: 160 }).text()
  assert.match(streams, /^▶ orders +billing .* 12! /m)
  assert.match(streams, /stalled!/)
  assert.match(streams, /^ALERT /m)
  assert.match(gridOf({ width: 160, state: { view: 'clients' } }).text(), /billing-2 +DEAD!/)
  assert.match(gridOf({ width: 160, state: { view: 'interceptors' } }).text(), /enrich .* off! .* 3! /)
  assert.match(gridOf({ width: 160, state: { paused: true } }).text(), /PAUSED/)
})

test('top - a name cannot move the cursor, and takes the columns that the terminal gives it', () => {
  const evil = streamRow({ topic: 'a\x1b[2Jb\u009b1mc\r\n\u202ed', group: '\x07g' })
  const text = gridOf({ width: 160, data: seeded([evil]), colour: true, state: { stream: null } }).text()
  assert.match(text, /a\ufffd\[2Jb\ufffd1mc\ufffd\ufffd\ufffdd/)
  assert.match(text, /\ufffdg/)
})

test('top - a share that is not all of it is never shown as all of it', () => {
  const almost: StreamRow = streamRow({ topic: 't', group: 'g', consumed: 99_999_999, missing: 1, recent: [0.999_999_99] })
  const [, , row] = gridOf({ width: 160, data: seeded([almost]) }).lines()
  assert.match(row!, /▉ 99\.999% .* ▇$/)
})

test('top - a missing count is told in full', () => {
  const many = streamRow({ topic: 't', group: 'g', consumed: 5, missing: 123_456 })
  assert.match(gridOf({ width: 40, data: seeded([many]), state: { stream: null } }).text(), / 123456!/)
})

test('top - a collector that does not answer: the last frame, since when, and why', () => {
  const text = gridOf({ width: 120, lost: { since: NOW, reason: 'no collector answers' } }).text()
  assert.match(text, /NO ANSWER since 10:14:32/)
  assert.match(text, /12!/)
  assert.match(text, /^collector: no collector answers; trying again$/m)
})

test('top - without streams it says what the collector waits for, and which groups send no reports', () => {
  const data = seeded([])
  data.status = { ...data.status, reports: 0, unmonitoredGroups: ['billing'], problems: ['topic _sluice.monitor cannot be read'] }
  const text = gridOf({ width: 120, data }).text()
  assert.match(text, /No stream yet/)
  assert.match(text, /! topic _sluice\.monitor cannot be read/)
  assert.match(text, /Group "billing" commits offsets and sends no reports/)
})

test('top - a filter that matches nothing says so, and how to be rid of it', () => {
  assert.match(gridOf({ width: 80, state: { filter: 'nope' } }).text(), /No topic or group contains "nope"\. {2}Esc takes the filter away/)
})

test('top - the selected row is in view wherever it is among many', () => {
  const many = Array.from({ length: 200 }, (_, at) => streamRow({ topic: `topic-${String(at).padStart(3, '0')}`, group: 'g' }))
  for (const at of [0, 1, 99, 198, 199]) {
    const text = gridOf({
      width: 80,
      data: seeded(many),
      state: { sort: 'name', stream: `topic-${String(at).padStart(3, '0')}\ng` },
    }).text()
    assert.match(text, new RegExp(`^▶ topic-${String(at).padStart(3, '0')} `, 'm'))
  }
})

test('top - the help has every key', () => {
  const text = gridOf({ width: 100, height: 40, state: { view: 'help' } }).text()
  for (const [keys, does] of keyHelp) assert.ok(text.includes(keys) && text.includes(does.slice(0, 60)), keys)
})
