import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { EmittedOutcome, SendOutcome } from '../interceptor/producer-chain.ts'
import type { TopicInfo } from '../network/cluster.ts'
import type { Metadata } from '../network/metadata.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { RecordAppender } from './record-appender.ts'
import type { RecordBytes } from './record-bytes.ts'
import type { SendEnding } from './send-ending.ts'
import type { GoOn, SendVerdicts } from './send-verdicts.ts'
import { topicOf, waitForTopic } from './topic-metadata.ts'
import { WaitingSend } from './waiting-sends.ts'

export interface ResumerParts {
  readonly clock: Clock
  readonly metadata: Metadata
  readonly appender: RecordAppender
  readonly ending: SendEnding
  readonly verdicts: SendVerdicts
  readonly maxBlockMs: number
  /** The compression library, while it is being loaded: rejects when it cannot be. */
  readonly compression: () => Promise<void> | undefined
  /** Takes bytes that go elsewhere. */
  readonly admitSerialized: (send: WaitingSend) => GoOn<'onSerialized'>
}

/** Puts sends that had to wait through: what `append` of the producer does at once, with the waits between its steps. */
export class WaitingSendResumer {
  readonly #parts: ResumerParts

  constructor(parts: ResumerParts) {
    this.#parts = parts
  }

  /** Puts the first waiting send of a topic through, or fails it; a promise only if it has to wait once more. Never throws. */
  resume(send: WaitingSend): Promise<void> | undefined {
    const { metadata, compression } = this.#parts
    if (send.bytes !== undefined || send.prepared !== undefined || compression() !== undefined) return this.#resumeLater(send)
    const topic = topicOf(metadata.cluster, send.record)
    if (topic === undefined) return this.#resumeLater(send)
    try {
      return this.#append(send, topic) ? undefined : this.#resumeLater(send)
    } catch (error) {
      this.fail(send, error as KafkaError)
      return undefined
    }
  }

  /**
   * Serializes a send that waits behind one whose `onSerialized` is under way, so that its own runs beside it. False from
   * within another send, whose bytes must not be overwritten.
   */
  prepare(send: WaitingSend): boolean {
    const { metadata, appender } = this.#parts
    const { record, context } = send
    if (appender.isBusy) return false
    if (send.bytes !== undefined || send.prepared !== undefined || context === null || context.hooks.onSerialized.length === 0) return true
    if (topicOf(metadata.cluster, record) === undefined) return true
    try {
      const outcome = appender.serialize(record, context)
      if (outcome === null) send.bytes = appender.bytes.detach()
      else if (send.done) this.#discard(outcome, send)
      else {
        appender.keepBytes()
        send.prepared = Promise.resolve(outcome)
      }
    } catch (error) {
      this.fail(send, error as KafkaError)
    }
    return true
  }

  fail(send: WaitingSend, error: KafkaError, partition = -1): void {
    if (send.done) return
    send.finish()
    if (send.prepared !== undefined) this.#discard(send.prepared, send)
    this.#parts.ending.fail(send.record, partition, error, send.context, send.settle, send.reject)
    send.context?.abort(error)
  }

  /** True when it is through. False when memory is missing, or an interceptor gave a promise or a verdict: then the send knows. */
  #append(send: WaitingSend, topic: TopicInfo): boolean {
    const { appender } = this.#parts
    const { record, context } = send
    const outcome = appender.serialize(record, context)
    if (send.done) {
      if (outcome !== null) this.#discard(outcome, send)
      return true
    }
    if (outcome !== null) {
      appender.keepBytes()
      send.prepared = Promise.resolve(outcome)
      return false
    }
    if (appender.place(record, appender.bytes, topic, send.settle, send.reject, send)) {
      send.finish()
      return true
    }
    send.bytes = appender.bytes.detach()
    send.isPlaced = true
    return false
  }

  async #resumeLater(send: WaitingSend): Promise<void> {
    const { compression } = this.#parts
    try {
      await compression()
      const topic = await this.#topicOf(send)
      if (send.done) return
      if (send.bytes === undefined && send.prepared === undefined && this.#append(send, topic)) return
      if (send.prepared !== undefined && (await this.#isOver(send, send.prepared))) return
      await this.#appendBytes(send, send.bytes!, topic)
    } catch (error) {
      this.fail(send, error as KafkaError, send.isPlaced ? this.#parts.appender.chosenPartition : -1)
    }
  }

  /** Waits for the `onSerialized` of a send; true when it ended with a verdict, or was given up meanwhile. */
  async #isOver(send: WaitingSend, prepared: Promise<SendOutcome<'onSerialized'>>): Promise<boolean> {
    const { clock, appender, verdicts, admitSerialized } = this.#parts
    const { record, context, settle, reject } = send
    const beganMs = clock.monotonic()
    const outcome = await Promise.race([prepared, send.whenDone()])
    // As in Java, the time of the application's own code is not part of maxBlockMs.
    send.deadlineMs += clock.monotonic() - beganMs
    if (outcome === undefined || send.done) return true
    if (!('verdict' in outcome)) {
      send.bytes = appender.ofSerialized(outcome, context)
      send.record = { ...record, headers: outcome.headers }
      return false
    }
    send.finish()
    if (outcome.verdict === 'emit') await this.#appendEmitted(outcome.emitted, send)
    else verdicts.follow(outcome, context, settle, reject, admitSerialized(send))
    return true
  }

  /** What `onSerialized` put in the place of a send that has failed has interceptors of its own to be told. */
  #discard(outcome: SendOutcome<'onSerialized'> | Promise<SendOutcome<'onSerialized'>>, { record: { topic } }: WaitingSend): void {
    const error = new KafkaError('ABORTED', `the send to topic "${topic}" was given up`, { topic })
    void Promise.resolve(outcome).then((late) => this.#parts.verdicts.discard(late, error))
  }

  /** One after the other, in the place of the send that they stand for: what waits behind it stays behind them. */
  async #appendEmitted(emitted: readonly EmittedOutcome<'onSerialized'>[], send: WaitingSend): Promise<void> {
    const { appender, verdicts, admitSerialized } = this.#parts
    const callbacks = verdicts.callbacks(emitted.length, send.context!, send.settle, send.reject)
    for (const [index, { context, outcome }] of emitted.entries()) {
      const settle = callbacks[index]!
      if ('verdict' in outcome) {
        verdicts.follow(outcome, context, settle, null, admitSerialized(send))
        continue
      }
      const record: ProducerRecord = { ...send.record, partition: outcome.partition, headers: outcome.headers }
      const bytes = appender.ofSerialized(outcome, context)
      const one = new WaitingSend(record, context, bytes, settle, null, send.deadlineMs, send.signal)
      try {
        await this.#appendBytes(one, bytes, await this.#topicOf(one))
      } catch (error) {
        this.fail(one, error as KafkaError)
      }
    }
  }

  /** Into a batch, waiting for its memory if need be. */
  async #appendBytes(send: WaitingSend, bytes: RecordBytes, topic: TopicInfo): Promise<void> {
    const { clock, appender } = this.#parts
    const { record, settle, reject } = send
    const isAppended = send.isPlaced
      ? appender.append(bytes, topic, settle, reject)
      : appender.place(record, bytes, topic, settle, reject, send)
    if (!isAppended) {
      send.isPlaced = true
      await appender.appendWhenFree(bytes, topic, send, Math.max(0, send.deadlineMs - clock.monotonic()))
    }
    send.finish()
  }

  #topicOf({ record, deadlineMs, signal }: WaitingSend): Promise<TopicInfo> {
    const { metadata, maxBlockMs, clock } = this.#parts
    return waitForTopic(metadata, record, deadlineMs, maxBlockMs, clock, signal)
  }
}
