import type { KafkaConsumer } from '../consumer/consumer.ts'
import type { KafkaProducer } from '../producer/producer.ts'

/** Everything that a KafkaProducer can do, as a type that a MockProducer has too (Java: Producer). */
export type Producer<K = Buffer, V = Buffer> = Pick<KafkaProducer<K, V>, keyof KafkaProducer<K, V>>

/** Everything that a KafkaConsumer can do, as a type that a MockConsumer has too (Java: Consumer). */
export type Consumer<K = Buffer, V = Buffer> = Pick<KafkaConsumer<K, V>, keyof KafkaConsumer<K, V>>
