import type { Clock, Timer } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { ProducerMetrics } from '../metrics/producer-metrics.ts'
import { SpareBuffers } from './spare-buffers.ts'

/** One allocation that waits. Memory is set aside for it piece by piece, so that a large one is not starved by small ones. */
interface Waiter {
  readonly size: number
  gathered: number
  readonly resolve: (buffer: Buffer) => void
  readonly reject: (error: KafkaError) => void
  readonly cleanUp: () => void
}

/**
 * The producer's memory for batches, `bufferMemory` bytes (Java: BufferPool). Buffers of `poolableSize` are kept and used
 * again; others only count. Who waits is served first come, first served, and nobody passes a waiter.
 */
export class BufferPool {
  readonly totalMemory: number
  readonly poolableSize: number
  readonly #clock: Clock
  readonly #newBuffer: (size: number) => Buffer
  readonly #metrics: ProducerMetrics | undefined
  readonly #free: Buffer[] = []
  /** Kept as those in `#free` are, for batches that had more. */
  readonly #larger = new SpareBuffers()
  readonly #waiters: Waiter[] = []
  /** Bytes that are neither lent out nor kept. */
  #unpooled: number
  #closed = false

  constructor(
    totalMemory: number,
    poolableSize: number,
    clock: Clock,
    newBuffer: (size: number) => Buffer = Buffer.allocUnsafeSlow,
    metrics?: ProducerMetrics,
  ) {
    this.totalMemory = totalMemory
    this.poolableSize = poolableSize
    this.#clock = clock
    this.#newBuffer = newBuffer
    this.#metrics = metrics
    this.#unpooled = totalMemory
  }

  /** Bytes that can be given out now. */
  get availableMemory(): number {
    return this.#unpooled + this.#free.length * this.poolableSize + this.#larger.bytes
  }

  /** Bytes that can be given out now and are not in kept buffers. */
  get unallocatedMemory(): number {
    return this.#unpooled
  }

  /** Allocations that wait for memory. While there are any, every batch is sent without lingering. */
  get queued(): number {
    return this.#waiters.length
  }

  /** A buffer of exactly `size` bytes with whatever content, or null when the caller has to `allocate` and wait. */
  tryAllocate(size: number): Buffer | null {
    this.#check(size)
    if (this.#waiters.length > 0 || this.availableMemory < size) return null
    if (size === this.poolableSize && this.#free.length > 0) return this.#free.pop()!
    this.#takeUnpooled(size)
    return this.#newBufferOr(size, size)
  }

  /** As `tryAllocate`, for a batch that could do without: it never throws, and what it gets is used again by others like it. */
  tryAllocateLarger(size: number): Buffer | null {
    if (this.#closed || this.#waiters.length > 0 || this.availableMemory < size) return null
    const kept = this.#larger.take(size)
    if (kept !== undefined) return kept
    this.#takeUnpooled(size)
    return this.#newBufferOr(size, size)
  }

  /** Takes back a buffer from `tryAllocateLarger` or `exchange`, and keeps it if its size is one that comes again. */
  deallocateLarger(buffer: Buffer): void {
    if (buffer.length % this.poolableSize === 0) this.#larger.give(buffer)
    else this.#unpooled += buffer.length
    this.#serveWaiters()
  }

  /** Takes `buffer` back for one of `size` bytes, at once, even if that makes what is available negative for a while. */
  exchange(buffer: Buffer, size: number): Buffer {
    let other = size === this.poolableSize ? this.#free.pop() : undefined
    if (other === undefined) {
      this.#takeUnpooled(size)
      other = this.#newBufferOr(size, size)
    }
    if (buffer.length > this.poolableSize) this.deallocateLarger(buffer)
    else this.deallocate(buffer)
    return other
  }

  /** Waits at most `maxBlockMs` for memory, then rejects with BUFFER_EXHAUSTED; with CLOSED when the pool closes meanwhile. */
  async allocate(size: number, maxBlockMs: number, signal?: AbortSignal): Promise<Buffer> {
    signal?.throwIfAborted()
    const buffer = this.tryAllocate(size)
    if (buffer !== null) return buffer
    const beganMs = this.#clock.monotonic()
    return new Promise<Buffer>((resolve, reject) => {
      const onTimeout = (): void => {
        this.#metrics?.memoryExhausted(this.#clock.monotonic())
        this.#giveUp(waiter, this.#exhausted(size, maxBlockMs))
      }
      const timer: Timer = this.#clock.setTimer(onTimeout, maxBlockMs)
      const onAbort = (): void =>
        this.#giveUp(waiter, new KafkaError('ABORTED', 'aborted while waiting for memory', { cause: signal!.reason }))
      const cleanUp = (): void => {
        timer.cancel()
        const nowMs = this.#clock.monotonic()
        this.#metrics?.memoryWaited(nowMs - beganMs, nowMs)
        signal?.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = { size, gathered: 0, resolve, reject, cleanUp }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.push(waiter)
      this.#serveWaiters()
    })
  }

  /** Takes a buffer back; nothing may refer to it any more. */
  deallocate(buffer: Buffer): void {
    if (buffer.length === this.poolableSize) this.#free.push(buffer)
    else this.#unpooled += buffer.length
    this.#serveWaiters()
  }

  /** Everybody who waits is rejected with CLOSED; buffers may still be given back. */
  close(): void {
    this.#closed = true
    for (const waiter of this.#waiters.splice(0)) {
      this.#unpooled += waiter.gathered
      waiter.cleanUp()
      waiter.reject(closedError())
    }
  }

  #serveWaiters(): void {
    while (this.#waiters.length > 0) {
      const waiter = this.#waiters[0]!
      const maybePooled = waiter.size === this.poolableSize && waiter.gathered === 0 && this.availableMemory >= waiter.size
      if (maybePooled && this.#free.length > 0) {
        this.#waiters.shift()
        waiter.cleanUp()
        waiter.resolve(this.#free.pop()!)
        continue
      }
      const missing = waiter.size - waiter.gathered
      const taken = Math.max(0, Math.min(missing, this.availableMemory))
      this.#takeUnpooled(taken)
      waiter.gathered += taken
      if (waiter.gathered < waiter.size) return
      this.#waiters.shift()
      waiter.cleanUp()
      try {
        waiter.resolve(this.#newBufferOr(waiter.size, waiter.gathered))
      } catch (cause) {
        waiter.reject(new KafkaError('BUFFER_EXHAUSTED', `no memory for a buffer of ${waiter.size} bytes`, { retriable: true, cause }))
      }
    }
  }

  #giveUp(waiter: Waiter, error: KafkaError): void {
    const at = this.#waiters.indexOf(waiter)
    if (at < 0) return
    this.#waiters.splice(at, 1)
    this.#unpooled += waiter.gathered
    waiter.cleanUp()
    waiter.reject(error)
    this.#serveWaiters()
  }

  /** Takes `size` bytes of the unpooled memory, dropping kept buffers as far as needed. */
  #takeUnpooled(size: number): void {
    while (this.#unpooled < size && this.#larger.bytes > 0) this.#unpooled += this.#larger.drop()
    while (this.#unpooled < size && this.#free.pop() !== undefined) this.#unpooled += this.poolableSize
    this.#unpooled -= size
  }

  #newBufferOr(size: number, giveBack: number): Buffer {
    try {
      return this.#newBuffer(size)
    } catch (cause) {
      this.#unpooled += giveBack
      throw cause
    }
  }

  #check(size: number): void {
    if (size > this.totalMemory) {
      throw new KafkaError(
        'INVALID_ARGUMENT',
        `${size} bytes were asked for, which is more than bufferMemory (buffer.memory) has: ${this.totalMemory}`,
      )
    }
    if (this.#closed) throw closedError()
  }

  #exhausted(size: number, maxBlockMs: number): KafkaError {
    const message =
      `no ${size} bytes became free within maxBlockMs (max.block.ms): ${Math.round(maxBlockMs)} ms were left; ` +
      `${this.availableMemory} of bufferMemory (buffer.memory) ${this.totalMemory} are available`
    return new KafkaError('BUFFER_EXHAUSTED', message, { retriable: true })
  }
}

function closedError(): KafkaError {
  return new KafkaError('CLOSED', 'the producer was closed while a record waited for memory')
}
