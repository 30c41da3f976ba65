import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../tools/source-files.ts'
import { judge } from './against.ts'
import { medianOf, type Result, speedRatio } from './results.ts'

const outcome = (mine: Partial<Result> | null, theirs: Partial<Result> | null) => ({
  name: 'c',
  about: '',
  rounds: 5,
  reasons: new Map<string, string>(),
  medians: [
    ...(mine === null ? [] : [{ case: 'c', client: 'sluice', revision: 'working tree', ...mine }]),
    ...(theirs === null ? [] : [{ case: 'c', client: 'sluice', revision: 'abc', ...theirs }]),
  ],
})

test('bench - the working tree is slower when its median is, by more than the tolerance, whatever the case counts', () => {
  const verdicts = (mine: Partial<Result>, theirs: Partial<Result>) => judge(outcome(mine, theirs), 'abc', 0.1).slower
  assert.equal(verdicts({ recordsPerSec: 91 }, { recordsPerSec: 100 }), false)
  assert.equal(verdicts({ recordsPerSec: 89 }, { recordsPerSec: 100 }), true)
  assert.equal(verdicts({ nsPerRecord: 110 }, { nsPerRecord: 100 }), false)
  assert.equal(verdicts({ nsPerRecord: 112 }, { nsPerRecord: 100 }), true)
  assert.equal(verdicts({ ms: 20 }, { ms: 40 }), false)
  assert.equal(verdicts({ recordsPerSec: 10_000, p99Ms: 9 }, { recordsPerSec: 10_000, p99Ms: 3 }), true)
})

test('bench - a revision that could not be measured does not pass the gate', () => {
  assert.deepEqual(judge(outcome({ ms: 1 }, null), 'abc', 0.1), { case: 'c', against: 'abc', ratio: null, slower: true })
  assert.deepEqual(judge(outcome(null, { ms: 1 }), 'abc', 0.1), { case: 'c', against: 'abc', ratio: null, slower: true })
})

test('bench - a median is that of each figure, and a ratio above 1 is faster', () => {
  const results = [3, 1, 2].map((ms) => ({ case: 'import', client: 'sluice', ms, rssMb: 10 - ms }))
  assert.deepEqual(medianOf(results), { case: 'import', client: 'sluice', ms: 2, rssMb: 8 })
  assert.equal(speedRatio({ case: 'c', client: 'a', ms: 10 }, { case: 'c', client: 'b', ms: 30 }), 3)
})

function bench(...args: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(process.execPath, [join(root, 'bench', 'main.ts'), ...args], { cwd: root, encoding: 'utf8' })
}

test('bench - what does not exist is named', () => {
  const cases: [string[], RegExp][] = [
    [['--only', 'prodcue'], /--only: no case begins with "prodcue"; there are produce\/awaited, /],
    [['--against', 'no-such-revision', '--only', 'record'], /--against: this repository has no revision "no-such-revision"/],
    [['--clients', 'sluice,rdkafka'], /--clients: there is no client "rdkafka"/],
    [['--runs', 'many'], /--runs must be a number, not "many"/],
  ]
  for (const [args, message] of cases) {
    const { status, stderr } = bench(...args)
    assert.equal(status, 2, args.join(' '))
    assert.match(stderr, message)
  }
})

test('bench - two revisions are measured in turns, reported as JSON, and nothing stays behind', () => {
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  const checkedOut = (): string[] => readdirSync(cache).filter((name) => name.startsWith('against-'))
  const before = checkedOut()
  const { status, stdout, stderr } = bench('--against', 'HEAD', '--only', 'record/murmur2', '--runs', '1', '--json', '--tolerance', '0.99')
  assert.equal(status, 0, stderr)
  const [mine, theirs, verdict] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line)) as [Result, Result, { ratio: number }]
  assert.deepEqual([mine.case, mine.client, mine.revision], ['record/murmur2', 'sluice', 'working tree'])
  assert.match(theirs.revision!, /^[0-9a-f]{7,}$/)
  assert.ok(mine.nsPerRecord! > 0 && theirs.nsPerRecord! > 0 && verdict.ratio > 0)
  assert.deepEqual(checkedOut(), before)
})
