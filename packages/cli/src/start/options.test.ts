import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStartOptions, type StartOptions } from './options.ts'

test('start options - defaults need no flag', () => {
  assert.deepEqual(parseStartOptions([]), {
    input: undefined,
    bootstrap: undefined,
    durationSeconds: undefined,
    topic: 'sluice-start',
    partitions: 3,
    chaos: false,
    monitorPort: 9470,
  })
  assert.equal((parseStartOptions(['--no-monitor']) as StartOptions).monitorPort, undefined)
  assert.equal(parseStartOptions(['--help']), 'help')
  assert.equal(parseStartOptions(['-h']), 'help')
})

test('start options - a mistake names the flag', () => {
  assert.throws(() => parseStartOptions(['--duration', 'soon']), /--duration must be a number above 0, not "soon"/)
  assert.throws(() => parseStartOptions(['--partitions', '1.5']), /--partitions must be a whole number/)
  assert.throws(() => parseStartOptions(['--monitor-port', '70000']), /--monitor-port must be a port/)
  assert.throws(() => parseStartOptions(['--inptu', 'x']), /--inptu/)
})
