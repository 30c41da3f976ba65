import type { ConsumerRecords, Headers, ProducerRecord, RecordMetadata, TopicPartition, TopicPartitionOffset } from 'sluice'
import { isKafkaError } from 'sluice'
import { errorNames } from './error-names.ts'

/** How the trace writes things; the same as class Show of test/java/InterceptorTrace.java. */

export function showRecord(record: ProducerRecord): string {
  const { topic, partition, key, value, headers, timestamp } = record
  const time = timestamp === undefined ? 'none' : showTime(timestamp)
  return `${topic}-${partition ?? '?'} ${showText(key)}=${showText(value)} headers=${showHeaders(headers)} time ${time}`
}

export function showMetadata(metadata: RecordMetadata | null): string {
  if (metadata === null) return 'null'
  const { topic, partition, offset, serializedKeySize, serializedValueSize, timestamp } = metadata
  const at = `${topic}-${partition < 0 ? '?' : partition}@${offset < 0 ? '?' : offset}`
  return `${at} sizes ${serializedKeySize}/${serializedValueSize} time ${timestamp < 0 ? 'none' : showTime(timestamp)}`
}

function showTime(timestamp: number): string {
  return timestamp < 1_000_000 ? String(timestamp) : 'now'
}

function showText(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  const text = String(value)
  return text === '' ? "''" : text.length > 40 ? `${text.length}*${text[0]}` : text
}

export function showHeaders(headers: Headers): string {
  return `[${Array.from(headers, ({ key, value }) => `${key}=${value}`).join()}]`
}

export function showWritability(headers: Headers): string {
  try {
    headers.add('try', null).delete('try')
    return 'writable'
  } catch {
    return 'read-only'
  }
}

/** By partition: which of them comes first is nobody's promise. */
export function showRecords(records: ConsumerRecords<string, string>): string {
  const sorted = [...records].sort((left, right) => left.partition - right.partition)
  const all = sorted.map(({ topic, partition, offset, value }) => `${topic}-${partition}@${offset} ${showText(value)}`)
  return `[${all.join(', ')}] next ${showOffsets(records.nextOffsets)}`
}

export function showOffsets(offsets: readonly TopicPartitionOffset[]): string {
  return `[${offsets
    .map(({ topic, partition, offset }) => `${topic}-${partition}@${offset}`)
    .sort()
    .join()}]`
}

export function showPartitions(partitions: readonly TopicPartition[]): string {
  return `[${partitions
    .map(({ topic, partition }) => `${topic}-${partition}`)
    .sort()
    .join()}]`
}

/** The common name of an error. */
export function showError(error: unknown): string {
  if (error === null || error === undefined) return 'ok'
  if (!isKafkaError(error)) return (error as Error).constructor.name
  return errorNames.find(({ sluice }) => sluice === error.code)?.code ?? error.code
}
