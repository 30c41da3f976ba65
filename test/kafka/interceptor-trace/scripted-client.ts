import {
  fromProperties,
  type Headers,
  KafkaConsumer,
  KafkaProducer,
  type ProducerRecordInit,
  type RebalanceListener,
  RecordHeaders,
  type RecordMetadata,
  silentLogger,
  stringDeserializer,
  type TopicPartition,
  type TopicPartitionOffset,
} from 'sluice'
import type { ConsumerSpec, ProducerSpec, Scenario } from './scenario.ts'
import { type ScriptContext, scriptedConsumerInterceptor, scriptedProducerInterceptor } from './scripted-interceptors.ts'
import { showError, showHeaders, showMetadata, showOffsets, showPartitions, showRecords } from './show.ts'
import { deserializer, partitioner, serializer } from './test-doubles.ts'
import { TraceLines } from './trace-lines.ts'

const WAIT_MS = 15_000
/** After a rebalance: what follows from it has happened by then. */
const SETTLE_MS = 500

/** What the clients of one scenario share. */
export class ScenarioState {
  readonly spec: Scenario
  readonly bootstrapServers: string
  readonly prefix: string
  readonly trace: TraceLines
  /** Outcomes of the sends without a callback. */
  readonly futures: Map<string, Promise<string>> = new Map()
  readonly #records = new Map<string, ProducerRecordInit<unknown, unknown>>()
  #done = 0

  constructor(spec: Scenario, bootstrapServers: string, prefix: string) {
    this.spec = spec
    this.bootstrapServers = bootstrapServers
    this.prefix = prefix
    this.trace = new TraceLines(prefix)
  }

  addFuture(name: string, sent: Promise<RecordMetadata>): void {
    const future = sent.then(
      (metadata) => `${showMetadata(metadata)} ok`,
      (error) => `failed ${showError(error)}`,
    )
    this.futures.set(name, future)
    const settled = (): void => {
      this.#done++
    }
    sent.then(settled, settled)
  }

  futuresDone(): string {
    return this.futures.size === 0 ? '' : ` done ${this.#done}/${this.futures.size}`
  }

  record(name: string): ProducerRecordInit<unknown, unknown> {
    let record = this.#records.get(name)
    if (record === undefined) {
      const spec = this.spec.records?.[name]
      if (spec === null || spec === undefined) return null as never
      const { valueSize, ...rest } = spec
      record = { ...rest, topic: this.prefix + spec.topic, headers: RecordHeaders.from(spec.headers) }
      if (valueSize !== undefined) record = { ...record, value: 'x'.repeat(valueSize) }
      this.#records.set(name, record)
    }
    return record
  }
}

/** One client of a scenario; as class Client of test/java/InterceptorTrace.java. */
export class ScriptedClient {
  readonly name: string
  readonly #state: ScenarioState
  readonly #trace: TraceLines
  readonly #spec: ProducerSpec | ConsumerSpec
  readonly #kept = new Map<string, Headers>()
  #producer: KafkaProducer<any, any> | undefined
  #consumer: KafkaConsumer<string, string> | undefined
  #consumed = 0
  #hasPartitions = false

  constructor(name: string, spec: ProducerSpec | ConsumerSpec, state: ScenarioState) {
    this.name = name
    this.#spec = spec
    this.#state = state
    this.#trace = state.trace
  }

  async discard(): Promise<void> {
    await Promise.allSettled([this.#producer?.close({ timeoutMs: 0 }), this.#consumer?.close({ timeoutMs: 1000 })])
  }

  async step(step: string, words: readonly string[]): Promise<void> {
    const [, verb, argument] = words
    const outcome = (run: () => string | Promise<string>): Promise<void> => this.#trace.outcome(step, run)
    switch (verb) {
      case 'new':
        return outcome(() => {
          this.#create()
          return 'done'
        })
      case 'send':
        return this.#send(step, words)
      case 'partitionsFor':
        return outcome(async () => `${(await this.#producer!.partitionsFor(this.#topic(argument!))).length} partitions`)
      case 'flush':
        return outcome(async () => {
          await this.#producer!.flush()
          return 'done'
        })
      case 'result':
        return this.#trace.add(`${argument}.future: ${(await this.#state.futures.get(argument!)) ?? 'none'}`)
      case 'headers':
        return outcome(() => {
          this.#kept.get(argument!)!.add(words[3]!, words[4]!)
          return 'added'
        })
      case 'close':
        return outcome(async () => {
          await (this.#consumer ?? this.#producer)!.close(argument === undefined ? {} : { timeoutMs: Number(argument) })
          return 'done'
        })
      default:
        return this.#consumerStep(step, words)
    }
  }

  async pollWith(other: ScriptedClient): Promise<void> {
    const consumer = this.#consumer!
    let end = performance.now() + WAIT_MS
    while (!this.#hasPartitions || !other.#hasPartitions) {
      await consumer.poll({ timeoutMs: 50 })
      this.#hasPartitions = consumer.assignment().length > 0
      if (performance.now() > end) throw new Error('the members did not come together')
    }
    for (end = performance.now() + SETTLE_MS; performance.now() < end; ) await consumer.poll({ timeoutMs: 50 })
  }

  #create(): void {
    const isProducer = this.#spec.kind === 'producer'
    const config: Record<string, string> = {
      'bootstrap.servers': this.#state.bootstrapServers,
      'client.id': this.name,
      ...(isProducer
        ? { 'linger.ms': '10000' }
        : { 'auto.offset.reset': 'earliest', 'enable.auto.commit': 'false', 'fetch.max.wait.ms': '100' }),
      ...this.#spec.config,
    }
    if (config['client.id'] === '') delete config['client.id']
    if (config['group.id'] !== undefined) config['group.id'] = this.#topic(config['group.id'])
    const options = { ...fromProperties(config), logger: silentLogger }
    if (this.#spec.kind === 'producer') {
      const tell = (topic: string): void => this.#trace.add(`${this.name}.serializer topic=${topic}`)
      const { interceptors, keySerializer, valueSerializer } = this.#spec
      const chain = interceptors.map((script, place) => scriptedProducerInterceptor(script, this.#context(place)))
      this.#producer = new KafkaProducer<any, any>(
        {
          ...options,
          keySerializer: serializer(keySerializer, tell),
          valueSerializer: serializer(valueSerializer, tell),
          ...(this.#spec.partitioner === undefined ? {} : { partitioner: partitioner(this.#spec.partitioner) }),
        },
        interceptors.map(({ sameAs }, place) => chain[sameAs ?? place]!),
      )
    } else {
      const { interceptors, valueDeserializer } = this.#spec
      const chain = interceptors.map((script, place) => scriptedConsumerInterceptor(script, this.#context(place)))
      this.#consumer = new KafkaConsumer(
        { ...options, keyDeserializer: stringDeserializer, valueDeserializer: deserializer(valueDeserializer) },
        interceptors.map(({ sameAs }, place) => chain[sameAs ?? place]!),
      )
    }
  }

  #context(place: number): ScriptContext {
    const letter = 'abc'[place]!
    return {
      trace: this.#trace,
      label: `${this.name}.${letter}`,
      topic: (name) => this.#topic(name),
      futuresDone: () => this.#state.futuresDone(),
      consumed: () => {
        this.#consumed++
      },
      kept: (headers) => this.#kept.set(letter, headers),
    }
  }

  #send(step: string, words: readonly string[]): void {
    const name = words[2]!
    try {
      const record = this.#state.record(name)
      if (words.length > 3) this.#producer!.send(record, (metadata, error) => this.#callback(words, metadata, error))
      else this.#state.addFuture(name, this.#producer!.send(record))
      this.#trace.add(`${step}: returned`)
    } catch (error) {
      this.#trace.add(`${step}: threw ${showError(error)}`)
    }
  }

  #callback([, , record, , action, other]: readonly string[], metadata: RecordMetadata, error: Error | null): void {
    this.#trace.add(`${record}.callback ${showMetadata(metadata)} ${showError(error)}${this.#state.futuresDone()}`)
    if (action === undefined) return
    if (action === 'throw') throw new Error('Boom')
    if (action === 'send') this.#send(`${this.name} send ${other} callback`, [this.name, 'send', other!, 'callback'])
    else {
      void this.#trace.outcome(`${record}.callback ${action}`, async () => {
        await (action === 'flush' ? this.#producer!.flush() : this.#producer!.close())
        return 'done'
      })
    }
  }

  async #consumerStep(step: string, words: readonly string[]): Promise<void> {
    const [, verb, argument] = words
    const outcome = (run: () => string | Promise<string>): Promise<void> => this.#trace.outcome(step, run)
    const consumer = this.#consumer!
    switch (verb) {
      case 'assign':
        return outcome(() => {
          consumer.assign(this.#partitions(argument!))
          return 'done'
        })
      case 'subscribe':
        return outcome(() => {
          consumer.subscribe([this.#topic(argument!)], this.#listener())
          return 'done'
        })
      case 'seek':
        return outcome(() => {
          for (const position of this.#offsets(argument!)) consumer.seek(position, position.offset)
          return 'done'
        })
      case 'poll':
        return outcome(() => (argument === undefined ? this.#poll() : this.#pollFor(Number(argument))))
      case 'pollEmpty':
        return outcome(async () => showRecords(await consumer.poll({ timeoutMs: Number(argument) })))
      case 'commit':
        return outcome(async () => {
          await consumer.commit(argument === undefined ? undefined : this.#offsets(argument))
          return 'done'
        })
      case 'commitAsync':
        return outcome(() => {
          const told = (error?: unknown): void => this.#trace.add(`${this.name}.commitCallback ${showError(error)}`)
          void consumer.commit().then(() => told(), told)
          return 'returned'
        })
      case 'committed':
        return outcome(async () => showOffsets(await consumer.committed(this.#partitions(argument!))))
      case 'position':
        return outcome(async () => String(await consumer.position(this.#partitions(argument!)[0]!)))
      default:
        throw new Error(`no such step: ${step}`)
    }
  }

  /** Until there are records, or an interceptor has had some. */
  async #poll(): Promise<string> {
    const before = this.#consumed
    const end = performance.now() + WAIT_MS
    while (performance.now() < end) {
      const records = await this.#consumer!.poll({ timeoutMs: 100 })
      if (!records.isEmpty || this.#consumed > before) return showRecords(records)
    }
    return 'nothing came'
  }

  /** Until there were so many records in all. */
  async #pollFor(count: number): Promise<string> {
    const end = performance.now() + WAIT_MS
    let polled = 0
    while (polled < count && performance.now() < end) polled += (await this.#consumer!.poll({ timeoutMs: 100 })).count
    return `${polled} records`
  }

  #listener(): RebalanceListener {
    const tell = (what: string) => (partitions: readonly TopicPartition[]) => {
      // A member may miss a generation that has nothing for it.
      if (partitions.length > 0) this.#trace.add(`${this.name}.onPartitions${what} ${showPartitions(partitions)}`)
    }
    return { onPartitionsRevoked: tell('Revoked'), onPartitionsAssigned: tell('Assigned'), onPartitionsLost: tell('Lost') }
  }

  #topic(name: string): string {
    return this.#state.prefix + name
  }

  #partitions(names: string): TopicPartition[] {
    return names.split(',').map((name) => {
      const dash = name.lastIndexOf('-')
      return { topic: this.#topic(name.slice(0, dash)), partition: Number(name.slice(dash + 1)) }
    })
  }

  #offsets(names: string): TopicPartitionOffset[] {
    return names.split(',').map((name) => {
      const [partition, offset, metadataSize = '0'] = name.split('@')
      return { ...this.#partitions(partition!)[0]!, offset: Number(offset), metadata: 'x'.repeat(Number(metadataSize)) }
    })
  }

  /** `record r header NAME VALUE`: what the application does with the record it gave. */
  static async changeRecord(state: ScenarioState, step: string, [, name, , header, value]: readonly string[]): Promise<void> {
    await state.trace.outcome(step, () => {
      const headers = state.record(name!).headers as Headers
      headers.add(header!, value!)
      return `headers=${showHeaders(headers)}`
    })
  }
}
