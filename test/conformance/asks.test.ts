import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Numbers of the asks that some test carries in its name: "ask 7 8 44". */
function tested(): Set<number> {
  const numbers = new Set<number>()
  for (const file of globSync('{packages/*/src,test}/**/*.test.ts', { cwd: root })) {
    for (const [, list] of readFileSync(join(root, file), 'utf8').matchAll(/test\(\s*[`'"]asks? ((?:\d+ ?)+)/g)) {
      for (const number of list!.trim().split(' ')) numbers.add(Number(number))
    }
  }
  return numbers
}

test('asks - each of the 47 asks of the core has a test named after it, or a line that says why not', () => {
  const rows = [...readFileSync(join(root, 'docs/interceptors/asks.md'), 'utf8').matchAll(/^\| (\d+) \| .+ \| (.+) \|$/gm)]
  assert.deepEqual(
    rows.map(([, number]) => Number(number)),
    Array.from({ length: 47 }, (_, index) => index + 1),
  )
  const has = tested()
  const missing = rows.filter(([, number, answer]) => !/^not (?:in the core|needed)/.test(answer!) && !has.has(Number(number)))
  assert.deepEqual(
    missing.map(([, number]) => number),
    [],
  )
})
