import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isKafkaError } from 'sluice'
import { javaPattern } from './java-pattern.ts'
import { javaReplacement } from './java-replacement.ts'
import { javaSplit } from './java-split.ts'
import { textPattern } from './text-pattern.ts'

type Found = readonly (number | string | null)[]
type Row =
  | readonly ['inputs', readonly string[]]
  | readonly ['find', pattern: string, 'refused' | Readonly<Record<string, Found>>]
  | readonly ['replace', pattern: string, replacement: string, input: string, result: string | null]

// Recorded by running find and replaceAll of java.util.regex, Java 17.0.15, on each pair: for each pattern and input the start and the groups, or that it refuses the pattern.
const rows = readFileSync(new URL('java-regex.recorded.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Row)
const inputs = rows.find((row) => row[0] === 'inputs')![1] as readonly string[]

test('javaPattern - finds what Java finds, where and with the same groups', () => {
  for (const row of rows) {
    if (row[0] !== 'find') continue
    const [, pattern, found] = row
    if (found === 'refused') {
      assert.throws(() => javaPattern(pattern), isKafkaError, pattern)
      continue
    }
    const { regExp, groups } = javaPattern(pattern)
    for (const input of inputs) {
      const match = regExp.exec(input)
      const mine = match === null ? undefined : [match.index, ...groups.map((group) => match[group] ?? null)]
      assert.deepEqual(mine, found[input], `${pattern} in ${JSON.stringify(input)}`)
    }
  }
})

test('javaReplacement - replaces as Matcher.replaceAll does, and throws where it throws', () => {
  for (const row of rows) {
    if (row[0] !== 'replace') continue
    const [, regex, replacement, input, result] = row
    const replaced = (): string => {
      if (regex === '') return input.replaceAll('', replacement)
      const pattern = textPattern({ option: 'x', regex, engine: undefined, compat: 'flume' }).current
      return pattern.replaceAll(input, { kind: 'function', of: javaReplacement(replacement, pattern) })
    }
    if (result === null) assert.throws(replaced, isKafkaError, `${regex} ${replacement}`)
    else assert.equal(replaced(), result, `${regex} ${replacement}`)
  }
})

test('javaPattern - what cannot be told in JavaScript is refused, by name where it has one', () => {
  for (const [pattern, message] of [
    ['\\Ga', /\\G/],
    ['\\X', /\\X/],
    ['(?u)a', /flag \(\?u\)/],
    ['(?U)\\w', /flag \(\?U\)/],
    ['\\p{InGreek}', /\\p\{InGreek\}/],
    ['\\p{__proto__}', /\\p\{__proto__\}/],
    ['\\p{Isconstructor}', /\\p\{Isconstructor\}/],
    ['(?i)(a)\\1', /where case is ignored/],
    ['[b-a]', /ends before it starts/],
    ['a)', /closes nothing/],
    ['\\x{110000}', /a character that there is not/],
    ['\\', /ends with a backslash/],
    ['[a', /not closed/],
    ['\\k<n>', /named group/],
    ['(?<1>a)', /letters and digits/],
    ['(?', /unknown kind|not closed/],
  ] as const) {
    assert.throws(
      () => javaPattern(pattern),
      (error) => isKafkaError(error) && error.code === 'CONFIG' && message.test(error.message),
      pattern,
    )
  }
})

test('javaSplit - as String.split: no empty parts at the end, and separators may have groups', () => {
  assert.deepEqual(javaSplit('a, b ,c', '\\s*,\\s*', 'x'), ['a', 'b', 'c'])
  assert.deepEqual(javaSplit('a;b', '\\s*,\\s*', 'x'), ['a;b'])
  assert.deepEqual(javaSplit(',a,,b,,', ',', 'x'), ['', 'a', '', 'b'])
  assert.deepEqual(javaSplit('a1b2c', '(\\d)', 'x'), ['a', 'b', 'c'])
  assert.deepEqual(javaSplit('ab', '', 'x'), ['a', 'b'])
  assert.deepEqual(javaSplit('', ',', 'x'), [''])
  assert.deepEqual(javaSplit(',', ',', 'x'), [])
  assert.throws(() => javaSplit('a', '(', 'list'), /^KafkaError: list: the regular expression has a group that is not closed/)
})
