import { type BatchRecord, encodeBatch, kafkaErrors } from '@sluice/protocol'
import type { Topic } from './broker/topic.ts'
import type { Clock } from './clock.ts'
import { DevBrokerError, type DevBrokerErrorCode } from './errors.ts'

/** A record to put into a topic; strings become UTF-8, and what is left out is null. */
export interface NewRecord {
  readonly key?: string | Uint8Array | null
  readonly value?: string | Uint8Array | null
  readonly headers?: Readonly<Record<string, string | Uint8Array | null>>
  /** Milliseconds since 1970. @default the broker's time */
  readonly timestamp?: number
  /** @default by the key as Kafka's clients choose it; in turn without a key */
  readonly partition?: number
}

/** Where a record came to lie. */
export interface ProducedRecord {
  readonly partition: number
  readonly offset: number
}

/** Appends records as one batch per partition. All partitions are checked before the first batch is appended. */
export function produceRecords(topic: Topic, records: readonly NewRecord[], clock: Clock): ProducedRecord[] {
  const count = topic.partitions.length
  let turn = 0
  const places: ProducedRecord[] = []
  const batches = new Map<number, { records: BatchRecord[]; at: number[] }>()
  records.forEach(({ partition, ...record }, at) => {
    const index = partition ?? (record.key === undefined || record.key === null ? turn++ % count : partitionOfKey(record.key, count))
    if (topic.partitions[index] === undefined) {
      const message = `record ${at}: topic "${topic.name}" has no partition ${index}, only 0 to ${count - 1}`
      throw new DevBrokerError('UNKNOWN_TOPIC_OR_PARTITION', message)
    }
    const batch = batches.get(index) ?? { records: [], at: [] }
    batches.set(index, batch)
    batch.records.push(record)
    batch.at.push(at)
  })
  const timestamp = clock.now()
  for (const [index, batch] of batches) {
    const bytes = encodeBatch(batch.records, { timestamp })
    const { errorCode, message, baseOffset } = topic.partitions[index]!.append(bytes, { zstdAllowed: true, verifyCrc: false })
    if (errorCode !== 0) {
      const { name, message: text } = kafkaErrors.get(errorCode)!
      throw new DevBrokerError(name as DevBrokerErrorCode, `partition ${topic.name}-${index}: ${message ?? text}`)
    }
    for (const [delta, at] of batch.at.entries()) places[at] = { partition: index, offset: baseOffset + delta }
  }
  return places
}

/** Java: BuiltInPartitioner.partitionForKey. */
function partitionOfKey(key: string | Uint8Array, partitions: number): number {
  return (murmur2(typeof key === 'string' ? Buffer.from(key) : key) & 0x7fffffff) % partitions
}

/** Java: Utils.murmur2. */
function murmur2(bytes: Uint8Array): number {
  const mix = 0x5bd1e995
  let hash = 0x9747b28c ^ bytes.length
  const whole = bytes.length & ~3
  for (let i = 0; i < whole; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    k = Math.imul(k, mix)
    k ^= k >>> 24
    hash = Math.imul(hash, mix) ^ Math.imul(k, mix)
  }
  for (let i = bytes.length - 1; i >= whole; i--) {
    hash ^= bytes[i]! << ((i - whole) * 8)
    if (i === whole) hash = Math.imul(hash, mix)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, mix)
  return hash ^ (hash >>> 15)
}
