import { KafkaError } from '../errors.ts'
import { deadLetterHeaders, deadLetterTopicFor } from '../interceptor/dead-letter.ts'
import type { ProducerOptions } from '../options/producer-options.ts'
import { KafkaProducer } from '../producer/producer.ts'
import { bufferSerializer } from '../record/serdes.ts'
import type { RawRecord } from '../record/serialized-record.ts'

/** Why a record is a dead letter. */
export interface DeadLetterCause {
  readonly error: Error
  readonly interceptor: string
}

/** As much as can be sent at all: how large a letter may be is the broker's say, as the record was in a topic already. */
const MAX_BYTES = 32 * 2 ** 20

/** Writes records that a consumer's interceptors could not let through to their dead-letter topics. Connects at the first use. */
export class DeadLetterWriter {
  readonly #producer: KafkaProducer<Buffer, Buffer>
  readonly #template: string

  /** `connection`: how to reach the cluster, and the writer's client id. `template`: the option `deadLetterTopic`. */
  constructor(connection: ProducerOptions<Buffer, Buffer>, template: string) {
    this.#template = template
    this.#producer = new KafkaProducer<Buffer, Buffer>({
      ...connection,
      keySerializer: bufferSerializer,
      valueSerializer: bufferSerializer,
      acks: 'all',
      enableIdempotence: true,
      // Whoever waits for one letter waits for nothing else.
      lingerMs: 0,
      maxRequestSize: MAX_BYTES,
      bufferMemory: MAX_BYTES,
    })
  }

  /**
   * Resolves when the broker has acknowledged the record: its bytes and timestamp as they were, its headers with those that
   * tell where it came from and why. Rejects with what the write failed with.
   */
  async write(record: RawRecord, { error, interceptor }: DeadLetterCause): Promise<void> {
    const { topic, partition, offset, timestamp, key, value, headers } = record
    const deadLetterTopic = deadLetterTopicFor(this.#template, topic)
    try {
      await this.#producer.send({
        topic: deadLetterTopic,
        key,
        value,
        timestamp,
        headers: deadLetterHeaders(headers, { topic, partition, offset, timestamp, interceptor }, error),
      })
    } catch (cause) {
      const failed = cause instanceof KafkaError ? cause : undefined
      throw new KafkaError(
        failed?.code ?? 'INTERCEPTOR',
        `the record at offset ${offset} of partition ${partition} of topic "${topic}" could not be written to its dead-letter topic "${deadLetterTopic}" (deadLetterTopic); it comes again`,
        { cause, topic, partition, retriable: failed?.retriable ?? false },
      )
    }
  }

  /** Waits for writes under way, at most so long. */
  close(timeoutMs: number): Promise<void> {
    return this.#producer.close({ timeoutMs })
  }
}
