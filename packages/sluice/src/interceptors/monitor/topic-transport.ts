import { type InterceptorContext, isKafkaError, KafkaAdmin, KafkaProducer, type NetworkOptions, type ProducerOptions } from 'sluice'
import { MONITOR_TOPIC, type MonitorReport } from './report/report.ts'
import { type MonitorTransport, TransportWarnings } from './transport.ts'

export interface MonitorTopicOptions {
  /** @default _sluice.monitor */
  readonly topic?: string
  /** Creates the topic when it is missing: one partition, log-append time, kept for three days. @default true */
  readonly create?: boolean
  /** Overrides the connection settings of the client that is monitored, as for another cluster. @default none */
  readonly kafka?: Partial<ProducerOptions>
}

/** What the monitor's own clients take over from the client that is monitored. */
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
] as const satisfies readonly (keyof NetworkOptions)[]

const DELIVERY_MS = 10_000
const RETENTION_MS = 3 * 24 * 3_600_000

/** Writes reports to a topic, by a producer of its own that has no interceptors. */
export class TopicTransport implements MonitorTransport {
  readonly #topic: string
  readonly #create: boolean
  readonly #context: InterceptorContext
  readonly #settings: Pick<NetworkOptions, 'bootstrapServers'> & Partial<ProducerOptions>
  readonly #warnings: TransportWarnings
  #producer: Promise<KafkaProducer> | undefined
  #isClosed = false

  constructor({ topic = MONITOR_TOPIC, create = true, kafka = {} }: MonitorTopicOptions, context: InterceptorContext) {
    const taken = connection.filter((name) => context.options[name] !== undefined).map((name) => [name, context.options[name]])
    this.#topic = topic
    this.#create = create
    this.#context = context
    this.#settings = { ...(Object.fromEntries(taken) as Pick<NetworkOptions, 'bootstrapServers'>), ...kafka }
    this.#warnings = new TransportWarnings(context)
  }

  async send(report: MonitorReport): Promise<void> {
    try {
      this.#producer ??= this.#open()
      const producer = await this.#producer
      const [key, value] = [Buffer.from(report.session), Buffer.from(JSON.stringify(report))]
      await producer.send({ topic: this.#topic, key, value })
    } catch (error) {
      if (!this.#isClosed) this.#warnings.tell(this.#advice(error), error)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const opened = await this.#producer?.catch(() => undefined)
    await opened?.close({ timeoutMs: 2000 })
  }

  async #open(): Promise<KafkaProducer> {
    if (this.#create) await this.#createTopic()
    const { clientId, logger } = this.#context
    return new KafkaProducer({
      ...this.#settings,
      clientId: `${clientId}-monitor`,
      logger,
      lingerMs: 0,
      compressionType: 'gzip',
      bufferMemory: 8 * 1024 * 1024,
      maxBlockMs: DELIVERY_MS,
      requestTimeoutMs: Math.min(DELIVERY_MS, this.#settings.requestTimeoutMs ?? DELIVERY_MS),
      deliveryTimeoutMs: DELIVERY_MS,
    })
  }

  /** Whoever is second finds it there; whoever may not create it may still be allowed to write. */
  async #createTopic(): Promise<void> {
    const { clientId, logger } = this.#context
    const { bootstrapServers, ...settings } = this.#settings
    const network = Object.fromEntries(Object.entries(settings).filter(([name]) => (connection as readonly string[]).includes(name)))
    await using admin = new KafkaAdmin({ bootstrapServers, ...network, clientId: `${clientId}-monitor`, logger })
    const configs = { 'message.timestamp.type': 'LogAppendTime', 'retention.ms': RETENTION_MS }
    try {
      await admin.createTopics([{ topic: this.#topic, partitions: 1, configs }], { timeoutMs: DELIVERY_MS })
    } catch (error) {
      if (isKafkaError(error) && error.code === 'TOPIC_ALREADY_EXISTS') return
      this.#warnings.tell(this.#advice(error), error)
    }
  }

  #advice(error: unknown): string {
    const create = `kafka-topics.sh --create --topic ${this.#topic} --partitions 1 --config message.timestamp.type=LogAppendTime --config retention.ms=${RETENTION_MS}`
    const code = isKafkaError(error) ? ` (${error.code})` : ''
    return `monitor reports cannot be written to topic "${this.#topic}"${code}; the application is not affected. Is the topic there, and may this client write to it? ${create}`
  }
}
