/**
 * One scenario of the differential trace, as both sides read it: trace.ts here, test/java/InterceptorTrace.java there.
 *
 * Steps are words, the client's name first: `p new`, `p send r`, `p send r callback [throw|flush|close|send r2]`,
 * `p flush`, `p result r`, `p headers a name value` (a change of what interceptor `a` kept), `p close [timeoutMs]`;
 * `c assign orders-0`, `c subscribe orders`, `c poll [count]`, `c pollEmpty ms`, `c commit [orders-0@5[@metadataSize]]`,
 * `c commitAsync`, `c committed orders-0`, `c position orders-0`, `c seek orders-0@0`, `c close`;
 * `record r header name value`, `join c d`, `sleep ms`.
 */
export interface Scenario {
  readonly name: string
  /** Created before; by default `orders` with one partition. */
  readonly topics?: Readonly<Record<string, TopicSpec>>
  /** Values that lie in a partition before, by its name (`orders-0`). */
  readonly input?: Readonly<Record<string, readonly string[]>>
  readonly records?: Readonly<Record<string, RecordSpec | null>>
  readonly clients: Readonly<Record<string, ProducerSpec | ConsumerSpec>>
  readonly steps: readonly string[]
  /** Why the development broker does not take part. */
  readonly kafkaOnly?: string
}

export interface TopicSpec {
  readonly partitions?: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface RecordSpec {
  readonly topic: string
  readonly partition?: number
  readonly key?: string | null
  /** A number is what the string serializer cannot take. */
  readonly value?: string | number | null
  /** In place of a value: one of so many bytes. */
  readonly valueSize?: number
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string>>
}

interface ClientSpec {
  /** Java's names. The bootstrap server `stalled` never answers Produce. */
  readonly config?: Readonly<Record<string, string>>
}

export interface ProducerSpec extends ClientSpec {
  readonly kind: 'producer'
  readonly interceptors: readonly ProducerScript[]
  readonly keySerializer?: SerializerKind
  readonly valueSerializer?: SerializerKind
  readonly partitioner?: 'throws' | 'negative' | 'beyond'
}

export interface ConsumerSpec extends ClientSpec {
  readonly kind: 'consumer'
  readonly interceptors: readonly ConsumerScript[]
  readonly valueDeserializer?: 'throws'
}

/** `throws` an error of its own, `refuses` with a SERIALIZATION error, `tells` its topic and adds a header. */
export type SerializerKind = 'throws' | 'refuses' | 'tells'

/** Interceptors are called a, b, c by their place. */
export interface Script {
  readonly configure?: readonly 'throw'[]
  readonly close?: readonly 'throw'[]
  /** Says at each acknowledgement or batch of records whether the cluster's id is known. */
  readonly tellsCluster?: boolean
  /** The interceptor (in Java: the class) at this place once more. */
  readonly sameAs?: number
}

export interface ProducerScript extends Script {
  /**
   * `append X`, `value [X]` (`''`: empty), `topic T`, `partition N`, `key K`, `header NAME VALUE` (in place), `bare` (a new record without
   * headers), `fresh T V` (a new record, whatever was given), `keep` (the headers, for a later step), `sleep MS`, `null`, `throw`.
   */
  readonly onSend?: readonly string[]
  readonly onAcknowledgement?: readonly 'throw'[]
}

export interface ConsumerScript extends Script {
  /** `keep V,W` (only these values), `append X`, `fabricate V`, `bare` (built anew without nextOffsets), `null`, `throw`. */
  readonly onConsume?: readonly string[]
  readonly onCommit?: readonly 'throw'[]
  /** onConsume leaves no line: in which polls records come is nobody's promise when they are of several partitions. */
  readonly quiet?: boolean
}
