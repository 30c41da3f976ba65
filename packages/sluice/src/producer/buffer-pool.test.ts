import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../network/testing/manual-clock.ts'
import { BufferPool } from './buffer-pool.ts'

function poolOf(totalMemory: number, poolableSize: number, newBuffer?: (size: number) => Buffer): { pool: BufferPool; clock: ManualClock } {
  const clock = new ManualClock()
  return { pool: new BufferPool(totalMemory, poolableSize, clock, newBuffer), clock }
}

test('buffer pool - BP-1 gives what is asked and accounts for it', () => {
  const { pool } = poolOf(65536, 1024)
  const buffer = pool.tryAllocate(1024)!
  assert.equal(buffer.length, 1024)
  assert.equal(pool.unallocatedMemory, 64512)
  assert.equal(pool.availableMemory, 64512)
})

test('buffer pool - BP-3 a buffer of the poolable size is used again', () => {
  const { pool } = poolOf(65536, 1024)
  const buffer = pool.tryAllocate(1024)!
  pool.deallocate(buffer)
  assert.equal(pool.availableMemory, 65536)
  assert.equal(pool.unallocatedMemory, 64512)
  assert.equal(pool.tryAllocate(1024), buffer)
})

test('buffer pool - BP-4 another size only counts and is not kept', () => {
  const { pool } = poolOf(65536, 1024)
  pool.deallocate(pool.tryAllocate(1024)!)
  pool.deallocate(pool.tryAllocate(2048)!)
  assert.equal(pool.availableMemory, 65536)
  assert.equal(pool.unallocatedMemory, 64512)
})

test('buffer pool - more than there will ever be is refused at once', async () => {
  const { pool } = poolOf(1024, 512)
  assert.throws(() => pool.tryAllocate(1025), { code: 'INVALID_ARGUMENT' })
  await assert.rejects(pool.allocate(1025, 1000), { code: 'INVALID_ARGUMENT' })
})

test('buffer pool - BP-6 an allocation waits for memory and gets it when it is given back', async () => {
  const { pool } = poolOf(5120, 1024)
  const held = pool.tryAllocate(1024)!
  assert.equal(pool.tryAllocate(5120), null)
  const waiting = pool.allocate(5120, 1000)
  await Promise.resolve()
  assert.equal(pool.queued, 1)
  pool.deallocate(held)
  assert.equal((await waiting).length, 5120)
  assert.equal(pool.queued, 0)
  assert.equal(pool.availableMemory, 0)
})

test('buffer pool - BP-7 BP-8 gives up after maxBlockMs, not before, with BUFFER_EXHAUSTED', async () => {
  const { pool, clock } = poolOf(2, 1)
  pool.tryAllocate(1)
  let failed = false
  const waiting = pool.allocate(2, 10).finally(() => {
    failed = true
  })
  clock.advance(9)
  await Promise.resolve()
  assert.equal(failed, false)
  clock.advance(1)
  await assert.rejects(waiting, { code: 'BUFFER_EXHAUSTED', retriable: true })
  assert.equal(pool.queued, 0)
  assert.equal(pool.availableMemory, 1)
})

test('buffer pool - BP-10 an aborted waiter gives back what was set aside for it', async () => {
  const { pool } = poolOf(4, 1)
  const held = [pool.tryAllocate(1)!, pool.tryAllocate(1)!]
  const abort = new AbortController()
  const first = pool.allocate(4, 1000, abort.signal)
  const second = pool.allocate(3, 1000)
  pool.deallocate(held[0]!)
  assert.equal(pool.queued, 2)
  abort.abort()
  await assert.rejects(first, { code: 'ABORTED' })
  assert.equal((await second).length, 3)
  assert.equal(pool.queued, 0)
  assert.equal(pool.availableMemory, 0)
})

test('buffer pool - waiters are served in order, and nobody passes them', async () => {
  const { pool } = poolOf(4, 1)
  const held = Array.from({ length: 4 }, () => pool.tryAllocate(1)!)
  const order: string[] = []
  const large = pool.allocate(3, 1000).then(() => order.push('large'))
  const small = pool.allocate(1, 1000).then(() => order.push('small'))
  pool.deallocate(held[0]!)
  assert.equal(pool.tryAllocate(1), null)
  for (const buffer of held.slice(1)) pool.deallocate(buffer)
  await Promise.all([large, small])
  assert.deepEqual(order, ['large', 'small'])
})

test('buffer pool - BP-13 counts beyond 32 bits', () => {
  const { pool } = poolOf(20e9, 2e9, () => ({ length: 2e9 }) as Buffer)
  const first = pool.tryAllocate(2e9)!
  const second = pool.tryAllocate(2e9)!
  assert.equal(pool.availableMemory, 16e9)
  pool.deallocate(first)
  assert.equal(pool.availableMemory, 18e9)
  pool.deallocate(second)
  assert.equal(pool.availableMemory, 20e9)
})

test('buffer pool - BP-14 memory that the system refuses is not lost', () => {
  const { pool } = poolOf(1024, 512, () => {
    throw new RangeError('Array buffer allocation failed')
  })
  assert.throws(() => pool.tryAllocate(1024), RangeError)
  assert.equal(pool.availableMemory, 1024)
})

test('buffer pool - BP-15 a closed pool gives nothing and takes back', () => {
  const { pool } = poolOf(10, 1)
  const held = pool.tryAllocate(1)!
  pool.close()
  assert.throws(() => pool.tryAllocate(1), { code: 'CLOSED' })
  pool.deallocate(held)
  assert.equal(pool.availableMemory, 10)
})

test('buffer pool - BP-16 closing ends every wait', async () => {
  const { pool, clock } = poolOf(1, 1)
  pool.tryAllocate(1)
  const waits = [pool.allocate(1, Number.MAX_SAFE_INTEGER), pool.allocate(1, Number.MAX_SAFE_INTEGER)]
  pool.close()
  for (const wait of waits) await assert.rejects(wait, { code: 'CLOSED' })
  assert.equal(pool.queued, 0)
  assert.equal(clock.timers, 0)
})

test('buffer pool - a larger buffer counts, is used again by others like it, and makes room for what is asked for', () => {
  const made: number[] = []
  const { pool } = poolOf(4096, 1024, (size) => {
    made.push(size)
    return Buffer.alloc(size)
  })
  const larger = pool.tryAllocateLarger(2048)!
  assert.equal(pool.availableMemory, 2048)
  assert.equal(pool.tryAllocateLarger(3072), null)
  pool.deallocateLarger(larger)
  assert.equal(pool.availableMemory, 4096)
  assert.equal(pool.unallocatedMemory, 2048)
  assert.equal(pool.tryAllocateLarger(2048), larger)
  pool.deallocateLarger(larger)
  assert.equal(pool.tryAllocate(4096)!.length, 4096)
  assert.equal(pool.availableMemory, 0)
  assert.deepEqual(made, [2048, 4096])
})

test('buffer pool - an exchange is never refused, and what it takes too much others wait for', async () => {
  const { pool } = poolOf(2048, 1024)
  const first = pool.tryAllocate(1024)!
  const second = pool.tryAllocate(1024)!
  const odd = pool.exchange(first, 1500)
  assert.equal(pool.availableMemory, -476)
  assert.equal(pool.tryAllocate(1), null)
  const waiting = pool.allocate(1024, 1000)
  pool.deallocate(second)
  pool.deallocateLarger(odd)
  pool.deallocate(await waiting)
  assert.equal(pool.availableMemory, 2048)
  assert.equal(pool.unallocatedMemory, 1024, 'a buffer of a size that does not come again is not kept')
})

test('buffer pool - a larger buffer passes nobody who waits, and none is had once it is closed', async () => {
  const { pool } = poolOf(2048, 1024)
  const buffer = pool.tryAllocate(1024)!
  const waiting = pool.allocate(2048, 1000)
  assert.equal(pool.tryAllocateLarger(1024), null)
  pool.deallocate(buffer)
  pool.deallocate(await waiting)
  pool.close()
  assert.equal(pool.tryAllocateLarger(1024), null)
})
