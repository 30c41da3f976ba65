import type { DeadLetters } from '../consumer/dead-letters.ts'
import { deadLetterHeaders, deadLetterTopicFor } from '../interceptor/dead-letter.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { RawRecord } from '../record/serialized-record.ts'

/** Keeps what a consumer would have written to its dead-letter topics. */
export class MockDeadLetters implements Pick<DeadLetters, 'write'> {
  readonly letters: ProducerRecord<Buffer, Buffer>[] = []
  readonly #template: string

  constructor(template: string) {
    this.#template = template
  }

  async write(record: RawRecord, { error, interceptor }: { readonly error: Error; readonly interceptor: string }): Promise<void> {
    const { topic, partition, offset, timestamp, key, value, headers } = record
    this.letters.push({
      topic: deadLetterTopicFor(this.#template, topic),
      partition: undefined,
      key,
      value,
      timestamp,
      headers: deadLetterHeaders(headers, { topic, partition, offset, timestamp, interceptor }, error),
    })
  }
}
