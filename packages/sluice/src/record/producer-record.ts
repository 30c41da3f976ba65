import { KafkaError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'
import { type Headers, type HeadersInit, RecordHeaders } from './headers.ts'
import { isTopicName } from './topic-partition.ts'

/** What an application gives to `send`. */
export interface ProducerRecordInit<K, V> {
  readonly topic: string
  /** Chosen by the partitioner when it is left out. */
  readonly partition?: number
  readonly key?: K | null
  readonly value?: V | null
  /** Milliseconds since 1970; the time of `send` when it is left out. */
  readonly timestamp?: number
  readonly headers?: HeadersInit
}

/**
 * A record on its way through the producer, as interceptors see it. To change it, return another:
 * `{ ...record, value }`. Headers are one mutable list that belongs to this send, never to the caller's object.
 */
export interface ProducerRecord<K = any, V = any> {
  readonly topic: string
  readonly partition: number | undefined
  readonly key: K | null
  readonly value: V | null
  readonly timestamp: number | undefined
  readonly headers: Headers
}

/** Checks what an application gave to `send` as Java's ProducerRecord constructor does, and copies its headers. */
export function toProducerRecord<K, V>(init: ProducerRecordInit<K, V>): ProducerRecord<K, V> {
  if (typeof init !== 'object' || init === null)
    throw invalid(`a record must be an object with a topic, not ${init === null ? 'null' : typeof init}`)
  const { topic, partition, timestamp, headers } = init
  if (!isTopicName(topic)) throw invalidTopic(topic)
  if (partition !== undefined) checkWholeNumber('partition', partition, topic)
  if (timestamp !== undefined) checkWholeNumber('timestamp', timestamp, topic)
  checkNames(init, topic)
  return { topic, partition, key: init.key ?? null, value: init.value ?? null, timestamp, headers: RecordHeaders.from(headers) }
}

/**
 * What an interceptor returned, made whole: it may have left out `headers`, or given them as an object. Throws
 * INVALID_ARGUMENT when it is no record. Returns the same object when nothing is amiss.
 */
export function normalizeRecord<K, V>(record: ProducerRecord<K, V>): ProducerRecord<K, V> {
  const { topic, partition, timestamp } = record
  if (!isTopicName(topic)) throw invalidTopic(topic)
  if (partition !== undefined) checkWholeNumber('partition', partition, topic)
  if (timestamp !== undefined) checkWholeNumber('timestamp', timestamp, topic)
  if (record.headers instanceof RecordHeaders && record.key !== undefined && record.value !== undefined) return record
  const headers = record.headers instanceof RecordHeaders ? record.headers : RecordHeaders.from(record.headers)
  return { topic, partition, key: record.key ?? null, value: record.value ?? null, timestamp, headers }
}

function checkWholeNumber(name: 'partition' | 'timestamp', value: unknown, topic: string): void {
  const highest = name === 'partition' ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= highest) return
  const given = typeof value === 'number' ? String(value) : value === null ? 'null' : typeof value
  throw invalid(`record for topic "${topic}": ${name} must be a whole number from 0 to ${highest} or left out, not ${given}`)
}

const recordProperties = ['topic', 'partition', 'key', 'value', 'timestamp', 'headers']

/** A misspelt `partition` would send the record elsewhere without a word. Throws INVALID_ARGUMENT. for-in over the usual literal takes some 10 ns. */
export function checkNames(init: object, topic: string): void {
  for (const name in init) {
    switch (name) {
      case 'topic':
      case 'partition':
      case 'key':
      case 'value':
      case 'timestamp':
      case 'headers':
        break
      default:
        throw invalid(`record for topic "${topic}": unknown property ${JSON.stringify(name)}${didYouMean(name, recordProperties)}`)
    }
  }
}

function invalidTopic(topic: unknown): KafkaError {
  const given = typeof topic === 'string' ? `one of ${topic.length} characters` : topic === null ? 'null' : typeof topic
  return invalid(`a record's topic must be a string of 1 to 249 characters, not ${given}`)
}

function invalid(message: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', message)
}
