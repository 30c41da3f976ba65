import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch, forEachBatch, readBatchHeader, verifyBatchCrc } from '@sluice/protocol'
import { MemoryBudget } from './memory-budget.ts'
import { PartitionLog } from './partition-log.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }

function newLog(limitBytes = 1 << 30) {
  const budget = new MemoryBudget(limitBytes, logger)
  return { log: new PartitionLog(budget), budget }
}

/** A batch of `count` records with this timestamp. */
function batchOf(count: number, timestamp = 0, valueSize = 10): Buffer {
  return encodeBatch(Array.from({ length: count }, () => ({ value: Buffer.alloc(valueSize, timestamp & 0xff), timestamp })))
}

function append(log: PartitionLog, batch: Buffer, epoch = 0): number {
  return log.append(batch, readBatchHeader(batch, 0), epoch)
}

function offsetsIn(chunks: readonly Buffer[]): number[] {
  const offsets: number[] = []
  const bytes = Buffer.concat(chunks)
  const end = forEachBatch(bytes, (header, at) => {
    verifyBatchCrc(bytes, at)
    offsets.push(header.baseOffset)
  })
  assert.equal(end, bytes.length)
  return offsets
}

test('partition log - a batch gets its offset and epoch, and is otherwise returned byte for byte', () => {
  for (const valueSize of [10, 30_000]) {
    const { log } = newLog()
    append(log, batchOf(3))
    const sent = batchOf(2, 5, valueSize)
    const original = Buffer.from(sent)
    assert.equal(append(log, sent, 7), 3)
    const [stored] = log.read(3, 1 << 20, true).chunks
    const header = readBatchHeader(stored!, 0)
    assert.deepEqual([header.baseOffset, header.partitionLeaderEpoch], [3, 7])
    assert.deepEqual(stored!.subarray(16), original.subarray(16))
    assert.equal(log.endOffset, 5)
  }
})

test('partition log - a read starts with the batch that holds the offset, keeps to the limit, and gives one batch at least', () => {
  const { log } = newLog()
  for (let i = 0; i < 200; i++) append(log, batchOf(3, i, i % 7 === 0 ? 20_000 : 50))
  for (let offset = 0; offset < 600; offset++) assert.equal(offsetsIn(log.read(offset, 1, true).chunks)[0], offset - (offset % 3))
  assert.deepEqual(log.read(0, 1, false), { chunks: [], sizeInBytes: 0 })
  assert.deepEqual(log.read(600, 1 << 30, true), { chunks: [], sizeInBytes: 0 })
  const all = log.read(0, 1 << 30, true)
  assert.deepEqual(
    offsetsIn(all.chunks),
    Array.from({ length: 200 }, (_, i) => i * 3),
  )
  assert.equal(all.sizeInBytes, log.sizeInBytes)
  const limited = log.read(0, 70_000, true)
  assert.ok(limited.sizeInBytes <= 70_000 && limited.sizeInBytes > 60_000)
})

test('partition log - small batches lie side by side, so that a fetch is few buffers', () => {
  const { log } = newLog()
  for (let i = 0; i < 1000; i++) append(log, batchOf(1))
  assert.ok(log.read(0, 1 << 30, true).chunks.length < 20)
})

test('partition log - a small batch does not pin the request that it came in', () => {
  const { log } = newLog()
  const request = Buffer.alloc(1 << 20)
  const batch = batchOf(1, 0, 20_000)
  batch.copy(request, 1000)
  append(log, request.subarray(1000, 1000 + batch.length))
  assert.equal(log.read(0, 1 << 30, true).chunks[0]!.buffer.byteLength, batch.length)
})

test('partition log - a search by time finds the first batch that reaches it, also when times are unordered or the head is gone', () => {
  const { log } = newLog()
  const times = [100, 50, 300, 200, 400]
  for (const time of times) append(log, batchOf(1, time))
  const found = (time: number) => log.batchAtTime(time)?.baseOffset
  assert.deepEqual([0, 60, 100, 101, 250, 301, 400, 401].map(found), [0, 0, 0, 2, 2, 4, 4, undefined])
  log.deleteBefore(3)
  assert.deepEqual([0, 250, 301].map(found), [3, 4, 4])
  assert.equal(log.batchOfMaxTimestamp()?.baseOffset, 4)
})

test('partition log - deleting and retention free the memory of whole batches and move the start', () => {
  const { log, budget } = newLog()
  for (let i = 0; i < 3000; i++) append(log, batchOf(2, i))
  const full = budget.usedBytes
  log.deleteBefore(5)
  assert.deepEqual([log.startOffset, log.batchCount], [5, 2998])
  assert.ok(budget.usedBytes < full)
  log.applyRetention(-1, 2500)
  assert.deepEqual([log.startOffset, log.batchCount], [5000, 500])
  log.applyRetention(log.sizeInBytes / 10, -Infinity)
  assert.equal(log.batchCount, 50)
  assert.deepEqual(offsetsIn(log.read(log.startOffset, 1, true).chunks), [log.startOffset])
  log.deleteBefore(log.endOffset)
  assert.deepEqual([log.startOffset, log.endOffset, log.batchCount, budget.usedBytes], [6000, 6000, 0, 0])
  assert.equal(append(log, batchOf(1)), 6000)
  log.close()
  assert.equal(budget.usedBytes, 0)
})

test('partition log - above the memory limit a batch is refused, and nothing that was there is lost', () => {
  const { log } = newLog(10_000)
  let appended = 0
  while (append(log, batchOf(1, 0, 500)) >= 0) appended++
  assert.ok(appended > 5 && appended < 20)
  assert.equal(log.endOffset, appended)
  assert.equal(offsetsIn(log.read(0, 1 << 30, true).chunks).length, appended)
})

test('partition log - the end of an epoch is where the next one began (KIP-320)', () => {
  const { log } = newLog()
  log.beginEpoch(0)
  append(log, batchOf(10))
  log.beginEpoch(1)
  log.beginEpoch(4)
  append(log, batchOf(5), 4)
  assert.deepEqual(log.endOfEpoch(0), { epoch: 0, endOffset: 10 })
  assert.deepEqual(log.endOfEpoch(1), { epoch: 1, endOffset: 10 })
  assert.deepEqual(log.endOfEpoch(3), { epoch: 1, endOffset: 10 })
  assert.deepEqual(log.endOfEpoch(4), { epoch: 4, endOffset: 15 })
  assert.deepEqual(log.endOfEpoch(5), { epoch: -1, endOffset: -1 })
})
