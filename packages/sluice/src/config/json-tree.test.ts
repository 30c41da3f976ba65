import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConfigNode } from './config-node.ts'
import { readJson } from './json-tree.ts'
import { Problems } from './problems.ts'

function read(text: string): { node: ConfigNode | undefined; message: string } {
  const problems = new Problems('x.json')
  const node = readJson(text, {}, problems)
  return { node, message: problems.isEmpty ? '' : problems.error().message }
}

const noVariables = (text: string): boolean => !text.includes('${')

test('JSON - values are those of JSON.parse', () => {
  fc.assert(
    fc.property(fc.json().filter(noVariables), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
      const expected: unknown = JSON.parse(text)
      assert.deepEqual(read(JSON.stringify(expected, null, indent)).node?.value, expected)
    }),
  )
})

test('JSON - what JSON.parse refuses is refused, and nothing else', () => {
  const nearlyJson = fc
    .tuple(fc.json().filter(noVariables), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', '0', '\\', '\n', ' ', 'e', '\u0001'))
    .map(([text, at, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1))
  fc.assert(
    fc.property(nearlyJson.filter(noVariables), (text) => {
      let expected: unknown
      try {
        expected = JSON.parse(text)
      } catch {
        assert.equal(read(text).node, undefined)
        assert.match(read(text).message, /x\.json:\d+:\d+: /)
        return
      }
      assert.deepEqual(read(text).node?.value, expected)
    }),
    { numRuns: 500 },
  )
})

test('JSON - mistakes come with line and column, and without what stands there', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{\n  "a": 1,\n}', /^x\.json:3:1: a key in double quotes/],
    ['{\n  "a" secret\n}', /^x\.json:2:7: ":" was expected/],
    ['{"a": [1, secret]}', /^x\.json:1:11: a value was expected/],
    ['{"a": "secret\n"}', /^x\.json:1:7: this string has no end/],
    ['{"a": 1} secret', /^x\.json:1:10: the end of the file/],
    ['', /^x\.json:1:1: the file ends/],
    ['{"a": 1, "b": 2, "a": 3}', /^x\.json:1:18: key "a" comes twice/],
    ['['.repeat(200), /nested more than 100 deep/],
  ]
  for (const [text, pattern] of cases) {
    const { message } = read(text)
    assert.match(message, pattern)
    assert.doesNotMatch(message, /secret/)
  }
})
