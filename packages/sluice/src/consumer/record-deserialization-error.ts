import { KafkaError } from '../errors.ts'
import type { TopicPartition } from '../record/topic-partition.ts'

/**
 * A record that cannot be given to the application: a deserializer failed (code SERIALIZATION), its bytes are damaged
 * (CORRUPT), its compression needs a package that is not installed (UNSUPPORTED_COMPRESSION_TYPE), or it is in the
 * format of Kafka before 0.11 (UNSUPPORTED_VERSION). The position stays at the record, so that `poll` fails again until the application seeks past it.
 */
export class RecordDeserializationError extends KafkaError {
  declare readonly code: 'SERIALIZATION' | 'CORRUPT' | 'UNSUPPORTED_COMPRESSION_TYPE' | 'UNSUPPORTED_VERSION'
  readonly offset: number

  constructor(code: RecordDeserializationError['code'], at: TopicPartition, offset: number, what: string, cause: unknown) {
    super(code, `${what} at offset ${offset} of partition ${at.partition} of topic "${at.topic}"; to go on, seek past it`, {
      topic: at.topic,
      partition: at.partition,
      cause,
    })
    this.offset = offset
  }
}
