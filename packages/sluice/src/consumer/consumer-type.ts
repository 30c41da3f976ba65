import type { KafkaConsumer } from './consumer.ts'

/** What a KafkaConsumer can do, as a type that the mock of sluice/testing has too (Java: Consumer). */
export type Consumer<K = Buffer, V = Buffer> = Pick<KafkaConsumer<K, V>, keyof KafkaConsumer<K, V>>
