import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { catalogue } from './catalogue.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ID = /\b[A-Z]{2}-\d+\b/g

/** The ids that stand in names of tests: of `test(...)` itself, and of the tables that tests are made from. */
function testedIds(files: readonly string[]): Set<string> {
  const prefixes = new Set(catalogue.map(({ id }) => id.slice(0, 2)))
  const ids = new Set<string>()
  for (const file of files) {
    const text = readFileSync(new URL(file, new URL('../../', import.meta.url)), 'utf8')
    for (const [name] of text.matchAll(/\b(?:test\(\s*|name:\s*)(?:'[^'\n]*'|`[^`]*`|"[^"\n]*")/g))
      for (const [id] of name.matchAll(ID)) if (prefixes.has(id.slice(0, 2))) ids.add(id)
  }
  return ids
}

test('conformance - every promise of the catalogue has a test that carries its id, and what is left out has none', () => {
  const tested = testedIds(globSync(['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root, exclude: ['**/node_modules/**'] }))
  const promised = catalogue.filter((row) => 'promise' in row).map(({ id }) => id)
  const leftOut = catalogue.filter((row) => 'leftOut' in row).map(({ id }) => id)
  assert.deepEqual(
    promised.filter((id) => !tested.has(id)),
    [],
    'promised, and no test has the id in its name',
  )
  assert.deepEqual(
    leftOut.filter((id) => tested.has(id)),
    [],
    'left out, and yet tested: give the row its promise',
  )
  const known = new Set(catalogue.map(({ id }) => id))
  assert.deepEqual(
    [...tested].filter((id) => !known.has(id)),
    [],
    'named by a test, and not in the catalogue',
  )
})

test('conformance - the catalogue has each id once, and says why something is left out', () => {
  const ids = catalogue.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  for (const row of catalogue) assert.ok(('promise' in row ? row.promise : row.leftOut).length > 10, row.id)
})

test('conformance - the catalogue says which promises are also proved on a real broker', () => {
  const proved = testedIds(['test/integration/conformance-producer.test.ts'])
  const said = catalogue.filter((row) => 'onBroker' in row && row.onBroker).map(({ id }) => id)
  assert.deepEqual([...proved].sort(), said.sort())
})
