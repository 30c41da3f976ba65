import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2, partitionForKey } from './partitioner.ts'

// PT-5. The first six are Kafka's own vectors (UtilsTest.testMurmur2).
const vectors: readonly [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
  ['', 275646681],
  ['key', -1079937367],
]

for (const [text, hash] of vectors) {
  test(`partitioner - PT-5 murmur2 of ${JSON.stringify(text)} is what Java computes`, () => {
    assert.equal(murmur2(Buffer.from(text)), hash)
  })
}

test('partitioner - hashes only the range it is given', () => {
  const around = Buffer.from('xxfoobaryy')
  assert.equal(murmur2(around, 2, 8), -790332482)
})

test('partitioner - a key goes to the positive hash modulo all partitions', () => {
  const key = Buffer.from('foobar')
  assert.equal(partitionForKey(key, 0, key.length, 6), (-790332482 & 0x7fffffff) % 6)
})

test('partitioner - an empty key is hashed too', () => {
  assert.equal(partitionForKey(Buffer.alloc(0), 0, 0, 7), 275646681 % 7)
})
