import { DevBroker } from '@sluice/devbroker'
import { Monitor } from '@sluice/monitor'
import {
  bufferDeserializer,
  bufferSerializer,
  type ConsumerInterceptor,
  type ConsumerRecord,
  isKafkaError,
  KafkaAdmin,
  KafkaConsumer,
  type KafkaError,
  KafkaProducer,
  type ProducerInterceptor,
  stringDeserializer,
  stringSerializer,
} from 'sluice'
import { hostHeader, monitor, regexFilter, staticHeader, timestampHeader } from 'sluice/interceptors'
import { Chaos } from './chaos.ts'
import type { RunFigures } from './figures.ts'
import { DEFAULT_MONITOR_PORT, type StartOptions } from './options.ts'

const READY_TIMEOUT_MS = 10_000
const POLL_TIMEOUT_MS = 200
/** Often enough that the page moves with what is seen here. */
const REPORT_EVERY_MS = 2000
/** How long the end of a run waits for records that were acknowledged and have not arrived. */
const DRAIN_TIMEOUT_MS = 15_000

export interface InputRecord {
  readonly key: string | null
  readonly value: Buffer
}

/** Everything between the input and the counters: broker, producer with its chain, consumer with its chain. */
export class Pipeline implements AsyncDisposable {
  readonly producerInterceptors: readonly ProducerInterceptor[]
  readonly consumerInterceptors: readonly ConsumerInterceptor[]
  readonly bootstrapServers: string
  readonly partitions: number
  readonly #runId: string
  readonly #topic: string
  readonly #figures: RunFigures
  readonly #broker: DevBroker | undefined
  readonly #monitor: Monitor | undefined
  readonly #chaos: Chaos | undefined
  readonly #producer: KafkaProducer<string, Buffer>
  readonly #consumer: KafkaConsumer<string, Buffer>
  readonly #stopConsuming = new AbortController()
  readonly #nextOffsets = new Map<number, number>()
  #consuming: Promise<void> = Promise.resolve()
  #room: (() => void) | undefined

  static async start(options: StartOptions, figures: RunFigures, signal: AbortSignal): Promise<Pipeline> {
    const broker = options.bootstrap === undefined ? await DevBroker.start({ topics: { [options.topic]: options.partitions } }) : undefined
    let collector: Monitor | undefined
    try {
      collector = options.monitorPort === undefined ? undefined : await startMonitor(options.monitorPort)
      const bootstrapServers = broker?.bootstrapServers ?? options.bootstrap!
      const partitions = broker ? options.partitions : await ensureTopic(bootstrapServers, options, signal)
      const pipeline = new Pipeline(options, figures, broker, collector, bootstrapServers, partitions)
      try {
        await pipeline.#joinGroup(signal)
      } catch (error) {
        await pipeline[Symbol.asyncDispose]()
        throw error
      }
      return pipeline
    } catch (error) {
      await collector?.close()
      await broker?.close()
      throw error
    }
  }

  private constructor(
    options: StartOptions,
    figures: RunFigures,
    broker: DevBroker | undefined,
    collector: Monitor | undefined,
    bootstrapServers: string,
    partitions: number,
  ) {
    this.#topic = options.topic
    this.#figures = figures
    this.#broker = broker
    this.#monitor = collector
    this.bootstrapServers = bootstrapServers
    this.partitions = partitions
    this.#runId = `${process.pid.toString(36)}-${Date.now().toString(36)}`
    this.producerInterceptors = [
      timestampHeader(),
      hostHeader(),
      staticHeader({ key: 'run', value: this.#runId }),
      // Samples that repeat the one before say nothing new. Lines of a file never look like that.
      regexFilter({ regex: '^\\{"kind":"[a-z]+".*"unchanged":true', excludeEvents: true }),
      ...reporting(collector),
    ]
    this.consumerInterceptors = [ofThisRun(this.#runId), latencyOf(figures), ...reporting(collector)]
    this.#producer = new KafkaProducer(
      { bootstrapServers, clientId: 'sluice-start', keySerializer: stringSerializer, valueSerializer: bufferSerializer },
      this.producerInterceptors,
    )
    figures.chain = this.#producer.interceptors
    this.#consumer = new KafkaConsumer(
      {
        bootstrapServers,
        clientId: 'sluice-start',
        groupId: `sluice-start-${this.#runId}`,
        autoOffsetReset: 'latest',
        keyDeserializer: stringDeserializer,
        valueDeserializer: bufferDeserializer,
      },
      this.consumerInterceptors,
    )
    this.#chaos = options.chaos ? new Chaos(this.#consumer, figures) : undefined
  }

  /** Of the page that shows this run. */
  get monitorUrl(): string | undefined {
    return this.#monitor?.url
  }

  /** Sends one record and counts what becomes of it. Waits only when the producer's memory is full of records under way. */
  send(record: InputRecord): void | Promise<void> {
    this.#figures.produced++
    this.#figures.producedBytes += record.value.length
    this.#producer.send({ topic: this.#topic, key: record.key, value: record.value }, (metadata, error) => {
      if (error !== null) this.#figures.failed++
      else if (metadata.dropped !== undefined) this.#figures.dropped++
      else this.#figures.acknowledged++
      this.#room?.()
    })
    if (this.#underway() < MAX_UNDERWAY) return
    return new Promise((resolve) => {
      this.#room = () => {
        if (this.#underway() >= MAX_UNDERWAY / 2) return
        this.#room = undefined
        resolve()
      }
    })
  }

  /** Waits until every record is acknowledged and consumed, or time runs out. */
  async drain(): Promise<void> {
    this.#chaos?.stop()
    await this.#producer.flush({ timeoutMs: DRAIN_TIMEOUT_MS })
    const deadline = performance.now() + DRAIN_TIMEOUT_MS
    while (this.#figures.lag > 0 && performance.now() < deadline && !this.#stopConsuming.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopConsuming.abort()
    await this.#consuming
    await Promise.all([this.#producer.close({ timeoutMs: 5000 }), this.#consumer.close({ timeoutMs: 5000 })])
    await this.#monitor?.close()
    await this.#broker?.close()
  }

  #underway(): number {
    const { produced, acknowledged, failed, dropped } = this.#figures
    return produced - acknowledged - failed - dropped
  }

  /** Nothing is sent before every partition has its starting position, so that nothing can be missed. */
  async #joinGroup(signal: AbortSignal): Promise<void> {
    this.#consumer.subscribe([this.#topic])
    const deadline = performance.now() + READY_TIMEOUT_MS
    while (this.#consumer.assignment().length < this.partitions) {
      if (performance.now() > deadline) throw new Error(`no assignment for topic "${this.#topic}" within ${READY_TIMEOUT_MS / 1000} s`)
      await this.#consumer.poll({ timeoutMs: POLL_TIMEOUT_MS, signal })
    }
    for (const partition of this.#consumer.assignment()) {
      this.#nextOffsets.set(partition.partition, await this.#consumer.position(partition))
    }
    this.#consuming = this.#consume()
  }

  async #consume(): Promise<void> {
    const { signal } = this.#stopConsuming
    while (!signal.aborted) {
      try {
        await this.#chaos?.beforePoll(signal)
        const records = await this.#consumer.poll({ timeoutMs: POLL_TIMEOUT_MS, signal })
        for (const record of records) this.#count(record)
        this.#chaos?.afterPoll(records)
      } catch (error) {
        if (signal.aborted) return
        this.#figures.failed++
        process.stderr.write(`consume: ${(error as Error).message}\n`)
        this.#stopConsuming.abort()
      }
    }
  }

  /** An offset that goes back is a record read twice, or out of order. */
  #count(record: ConsumerRecord<string, Buffer>): void {
    const expected = this.#nextOffsets.get(record.partition) ?? 0
    if (record.offset < expected) {
      if (this.#chaos?.isAgain(record)) return
      this.#figures.failed++
      process.stderr.write(`consume: ${record.topic}-${record.partition} gave offset ${record.offset} after ${expected - 1}\n`)
      return
    }
    this.#nextOffsets.set(record.partition, record.offset + 1)
    this.#figures.consumed++
    this.#figures.consumedBytes += Math.max(0, record.serializedValueSize)
  }
}

const MAX_UNDERWAY = 50_000

/** Takes another port when the usual one is taken: the demonstration may run twice. */
async function startMonitor(port: number): Promise<Monitor> {
  try {
    return await Monitor.start({ port })
  } catch (error) {
    if (port !== DEFAULT_MONITOR_PORT || !isKafkaError(error)) throw error
    return Monitor.start({ port: 0 })
  }
}

function reporting(collector: Monitor | undefined): (ProducerInterceptor & ConsumerInterceptor)[] {
  return collector === undefined ? [] : [monitor({ to: collector.take, app: 'npm start', intervalMs: REPORT_EVERY_MS })]
}

async function ensureTopic(bootstrapServers: string, options: StartOptions, signal: AbortSignal): Promise<number> {
  await using admin = new KafkaAdmin({
    bootstrapServers,
    clientId: 'sluice-start',
    defaultApiTimeoutMs: READY_TIMEOUT_MS,
    requestTimeoutMs: READY_TIMEOUT_MS,
  })
  try {
    await admin.createTopics([{ topic: options.topic, partitions: options.partitions }], { signal })
    return options.partitions
  } catch (error) {
    const { code, message } = error as KafkaError
    if (code === 'TIMEOUT') throw new Error(`--bootstrap: no answer from ${bootstrapServers}: ${message}`, { cause: error })
    if (code !== 'TOPIC_ALREADY_EXISTS') throw error
  }
  const [topic] = await admin.describeTopics([options.topic], { signal })
  return topic!.partitions.length
}

/** Leaves out what other runs put into the topic. */
function ofThisRun(runId: string): ConsumerInterceptor {
  return {
    name: 'of-this-run',
    onConsume: (records) => records.filter((record) => record.headers.getString('run') === runId),
  }
}

/** End-to-end latency, from the header that the producer's first interceptor wrote to the poll that returns the record. */
function latencyOf(figures: RunFigures): ConsumerInterceptor {
  return {
    name: 'latency',
    onConsume(records) {
      const now = Date.now()
      for (const { headers } of records) figures.latency.record(now - Number(headers.getString('timestamp')))
      return records
    },
  }
}
