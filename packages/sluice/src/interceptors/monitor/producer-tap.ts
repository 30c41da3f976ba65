import type { InterceptorContext, KafkaError, ProducerRecord, RecordContext, RecordMetadata } from 'sluice'
import { ExponentialHistogram } from './report/exponential-histogram.ts'
import { SEQUENCE_HEADER } from './report/report.ts'
import { MonitorSession, type SessionOptions } from './session.ts'
import type { MonitorTransport } from './transport.ts'

/** One send in so many is timed; a clock read for each would be most of the monitor's cost. */
const SAMPLE_MASK = 63
const SLAB_BYTES = 12 * 1024
const EPOCH_BYTES = 4
const SEQUENCE_BYTES = EPOCH_BYTES + 8

/** What is kept of a send until its acknowledgement: when it began, for a sample, and its number, for level B. */
interface Sent {
  readonly began: number | undefined
  readonly sequence: number
}

/** What the monitor sees of a producer. */
export class ProducerTap {
  readonly session: MonitorSession
  readonly #context: InterceptorContext
  readonly #sequences: Map<string, number> | null
  readonly #epoch: Buffer
  #slab = Buffer.alloc(0)
  #slabAt = 0
  #sends = 0
  /** The wall clock, read once per batch of acknowledgements. */
  #now = 0
  #nowIsFresh = false

  constructor(context: InterceptorContext, options: SessionOptions, transport: MonitorTransport, sequence: boolean) {
    this.#context = context
    this.#sequences = sequence ? new Map() : null
    this.session = new MonitorSession('producer', context, options, transport, {
      settle() {},
      assignments: () => [],
      notTold() {},
    })
    this.#epoch = Buffer.from(this.session.id.slice(0, 2 * EPOCH_BYTES), 'hex')
  }

  onSend(record: ProducerRecord, context: RecordContext): ProducerRecord {
    const began = (this.#sends++ & SAMPLE_MASK) === 0 ? this.#context.clock.monotonic() : undefined
    if (this.#sequences !== null) this.#number(record, began, context)
    else if (began !== undefined) context.state = began
    return record
  }

  onAcknowledgement(metadata: RecordMetadata, error: KafkaError | null, context: RecordContext): void {
    const { topic, partition, offset } = metadata
    if (metadata.emitted !== undefined) {
      for (const one of metadata.emitted) this.onAcknowledgement(one, one.offset < 0 ? error : null, context)
      return
    }
    const now = this.#wallClock()
    const { cells } = this.session
    if (error !== null || offset < 0) {
      const cell = cells.of(topic, partition, now, now)
      if (error !== null) cell.count(cell.failed, error.code)
      else if (metadata.dropped !== undefined) cell.count(cell.dropped, metadata.dropped)
      // Without an offset (acks 0) it is not known where the record is.
      else cell.records++
      cell.isDirty = true
      return
    }
    const cell = cells.of(topic, partition, metadata.timestamp, now)
    cell.records++
    cell.bytes +=
      (metadata.serializedKeySize > 0 ? metadata.serializedKeySize : 0) +
      (metadata.serializedValueSize > 0 ? metadata.serializedValueSize : 0)
    cell.offsets.add(offset, 1)
    cell.isDirty = true
    const state = context.state as number | Sent | undefined
    if (state === undefined) return
    if (typeof state === 'object') cells.of(topic, -1, now, now).sequences.add(state.sequence, 1)
    const began = typeof state === 'object' ? state.began : state
    if (began !== undefined) {
      cell.produce ??= new ExponentialHistogram()
      cell.produce.record(this.#context.clock.monotonic() - began)
    }
  }

  /** Acknowledgements of a batch come in one turn: the time is read once for all of them. */
  #wallClock(): number {
    if (!this.#nowIsFresh) {
      this.#now = this.#context.clock.now()
      this.#nowIsFresh = true
      queueMicrotask(this.#forgetNow)
    }
    return this.#now
  }

  readonly #forgetNow = (): void => {
    this.#nowIsFresh = false
  }

  /** Four bytes that stand for this session, and eight that count within it and the topic. */
  #number(record: ProducerRecord, began: number | undefined, context: RecordContext): void {
    const sequences = this.#sequences!
    const sequence = sequences.get(record.topic) ?? 0
    sequences.set(record.topic, sequence + 1)
    context.state = { began, sequence } satisfies Sent
    if (this.#slabAt + SEQUENCE_BYTES > this.#slab.length) {
      this.#slab = Buffer.allocUnsafe(SLAB_BYTES)
      this.#slabAt = 0
    }
    const at = this.#slabAt
    this.#slabAt += SEQUENCE_BYTES
    this.#epoch.copy(this.#slab, at)
    this.#slab.writeUInt32BE(Math.floor(sequence / 2 ** 32), at + EPOCH_BYTES)
    this.#slab.writeUInt32BE(sequence >>> 0, at + EPOCH_BYTES + 4)
    record.headers.set(SEQUENCE_HEADER, this.#slab.subarray(at, at + SEQUENCE_BYTES))
  }
}
