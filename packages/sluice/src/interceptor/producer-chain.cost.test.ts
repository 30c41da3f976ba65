import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

interface Cost {
  readonly bytesPerRecord: number
  readonly promises: number
  /** A promise made on purpose was counted. */
  readonly hookWorks: boolean
}

/** A record's context has seven fields; an array, a closure or a second object beside it would be above this. */
const ONE_SMALL_OBJECT = 104

function costOf(interceptors: number): Cost {
  const script = fileURLToPath(new URL('testing/chain-cost.ts', import.meta.url))
  const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64']
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, script, String(interceptors)], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Cost
}

test('producer chain - without interceptors a record costs no memory and no promise', () => {
  const { bytesPerRecord, promises, hookWorks } = costOf(0)
  assert.ok(bytesPerRecord < 1, `${bytesPerRecord} bytes`)
  assert.deepEqual({ promises, hookWorks }, { promises: 0, hookWorks: true })
})

for (const interceptors of [1, 5]) {
  test(`producer chain - ${interceptors} synchronous interceptors cost a record one small object, and no promise`, () => {
    const { bytesPerRecord, promises, hookWorks } = costOf(interceptors)
    assert.ok(bytesPerRecord > 0 && bytesPerRecord <= ONE_SMALL_OBJECT, `${bytesPerRecord} bytes`)
    assert.deepEqual({ promises, hookWorks }, { promises: 0, hookWorks: true })
  })
}
