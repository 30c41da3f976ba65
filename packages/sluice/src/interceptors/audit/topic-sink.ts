import { type InterceptorContext, KafkaProducer, type NetworkOptions, type ProducerOptions } from 'sluice'
import type { AuditEntry, AuditSink } from './audit-entry.ts'

export interface AuditTopic {
  /** @default _sluice_audit */
  readonly topic?: string
  /** Writes the entries, as bytes; not closed with the client. @default one of its own, with the client's connection settings */
  readonly producer?: Pick<KafkaProducer<any, any>, 'send'>
  /** Changes the options of its own producer. @default none */
  readonly options?: Partial<ProducerOptions>
}

export const DEFAULT_TOPIC = '_sluice_audit'

const CLOSE_TIMEOUT_MS = 1000

/** What a producer takes over from a client of either kind. */
const connection = [
  'bootstrapServers',
  'securityProtocol',
  'ssl',
  'sasl',
  'requestTimeoutMs',
  'reconnectBackoffMs',
  'reconnectBackoffMaxMs',
  'socketConnectionSetupTimeoutMs',
  'socketConnectionSetupTimeoutMaxMs',
  'metadataRecoveryStrategy',
  'metadataRecoveryRebootstrapTriggerMs',
  'retryBackoffMs',
  'retryBackoffMaxMs',
] as const satisfies readonly (keyof NetworkOptions)[]

export class TopicSink implements AuditSink {
  readonly #topic: string
  readonly #context: InterceptorContext
  readonly #writeTimeoutMs: number
  readonly #options: Partial<ProducerOptions>
  readonly #given: AuditTopic['producer']
  #own: KafkaProducer | undefined

  constructor({ topic = DEFAULT_TOPIC, producer, options = {} }: AuditTopic, context: InterceptorContext, writeTimeoutMs: number) {
    this.#topic = topic
    this.#given = producer
    this.#options = options
    this.#context = context
    this.#writeTimeoutMs = writeTimeoutMs
  }

  async open(): Promise<void> {
    if (this.#given === undefined) this.#own = this.#makeProducer()
  }

  async write(entries: readonly AuditEntry[]): Promise<void> {
    const producer = this.#given ?? this.#own!
    // One key, so that the entries of one client stay in order.
    const key = Buffer.from(this.#context.clientId)
    await Promise.all(entries.map((entry) => producer.send({ topic: this.#topic, key, value: Buffer.from(JSON.stringify(entry)) })))
  }

  async close(): Promise<void> {
    // What could be written is written by now.
    await this.#own?.close({ timeoutMs: CLOSE_TIMEOUT_MS })
  }

  #makeProducer(): KafkaProducer {
    const { options, clientId, logger } = this.#context
    const taken = connection.filter((name) => options[name] !== undefined).map((name) => [name, options[name]])
    const timeoutMs = this.#writeTimeoutMs
    return new KafkaProducer({
      ...(Object.fromEntries(taken) as Pick<NetworkOptions, 'bootstrapServers'>),
      clientId: `${clientId}-audit`,
      logger,
      lingerMs: 0,
      maxBlockMs: timeoutMs,
      requestTimeoutMs: Math.min(timeoutMs, (options.requestTimeoutMs as number | undefined) ?? 30_000),
      deliveryTimeoutMs: timeoutMs,
      ...this.#options,
    })
  }
}
