import type { KafkaProducer } from './producer.ts'

/** What a KafkaProducer can do, as a type that the mock of sluice/testing has too (Java: Producer). */
export type Producer<K = Buffer, V = Buffer> = Pick<KafkaProducer<K, V>, keyof KafkaProducer<K, V>>
