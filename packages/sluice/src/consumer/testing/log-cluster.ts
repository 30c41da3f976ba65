import { type BatchRecord, encodeBatch, forEachRecord } from '@sluice/protocol'
import { systemClock } from '../../clock.ts'
import type { ConsumerInterceptor } from '../../interceptor/consumer-interceptor.ts'
import { MockClient, type MockRequest } from '../../network/testing/mock-client.ts'
import type { ConsumerOptions } from '../../options/consumer-options.ts'
import { produceResponse } from '../../producer/testing/produce-responses.ts'
import type { KafkaConsumer } from '../consumer.ts'
import { fetchResponse, ScriptedCluster } from './scripted-cluster.ts'

const RECORDS_PER_BATCH = 4
const LONG_POLL_MS = 2

/** A dead letter as it was produced. */
export interface StoredLetter {
  readonly topic: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** A topic `t` whose records may be read again and again, in batches of four, and a cluster that takes dead letters. */
export class LogCluster extends ScriptedCluster {
  readonly letters: StoredLetter[] = []
  /** Dead letters are refused with this error code. */
  refusesLetters = 0
  readonly #logs: BatchRecord[][]
  readonly #letterClient: MockClient

  constructor(logs: readonly (readonly (string | BatchRecord)[])[]) {
    super(logs.length)
    this.#logs = logs.map((records) => records.map((record) => (typeof record === 'string' ? { value: record } : record)))
    this.answers.Fetch = (request) => this.#fetch(request)
    this.#letterClient = new MockClient({ clock: systemClock, answer: (request) => this.#produce(request) })
    this.#letterClient.updateMetadata({ 't.dlq': { leaders: [0] }, 'dead-t': { leaders: [0] } })
  }

  append(partition: number, ...values: string[]): void {
    this.#logs[partition]!.push(...values.map((value) => ({ value })))
  }

  override consumer(
    options: Partial<ConsumerOptions<string, string>> = {},
    interceptors: readonly ConsumerInterceptor<string, string>[] = [],
  ): KafkaConsumer<string, string> {
    return super.consumer(options, interceptors, { deadLetters: { client: this.#letterClient } })
  }

  /** A consumer that reads all partitions, without a group's say. */
  assigned(
    options: Partial<ConsumerOptions<string, string>> = {},
    interceptors: readonly ConsumerInterceptor<string, string>[] = [],
  ): KafkaConsumer<string, string> {
    const consumer = this.consumer(options, interceptors)
    consumer.assign(this.#logs.map((_, partition) => ({ topic: 't', partition })))
    return consumer
  }

  /** The offset that was committed last. */
  committed(partition = 0): number | undefined {
    for (const { message } of this.requests('OffsetCommit').reverse()) {
      for (const { partitions } of message.topics) {
        for (const { partitionIndex, committedOffset } of partitions) if (partitionIndex === partition) return committedOffset
      }
    }
    return undefined
  }

  #fetch(request: MockRequest): object | undefined {
    const responses = this.#responses(request)
    if (responses !== undefined) return responses
    const answer = (): void => {
      if (!this.client.requests.includes(request)) return
      request.respond(this.#responses(request) ?? fetchResponse(0, { records: null }))
    }
    setTimeout(answer, LONG_POLL_MS)
    return undefined
  }

  #responses({ message }: MockRequest): object | undefined {
    const partitions: object[] = []
    for (const asked of message.topics.flatMap((topic: any) => topic.partitions)) {
      const { partition, fetchOffset } = asked
      const log = this.#logs[partition]!
      if (fetchOffset >= log.length) continue
      const baseOffset = fetchOffset - (fetchOffset % RECORDS_PER_BATCH)
      const batches: Buffer[] = []
      for (let at = baseOffset; at < log.length && batches.length < 3; at += RECORDS_PER_BATCH)
        batches.push(encodeBatch(log.slice(at, at + RECORDS_PER_BATCH), { baseOffset: at }))
      const response: any = fetchResponse(partition, { records: Buffer.concat(batches), highWatermark: log.length })
      partitions.push(response.responses[0].partitions[0])
    }
    return partitions.length === 0 ? undefined : { errorCode: 0, responses: [{ topic: 't', topicId: '', partitions }] }
  }

  #produce(request: MockRequest): object | undefined {
    if (request.api.name === 'InitProducerId') return { errorCode: 0, producerId: 1, producerEpoch: 0 }
    if (this.refusesLetters !== 0) return produceResponse(request, { errorCode: this.refusesLetters })
    for (const { name, partitionData } of request.message.topicData) {
      for (const { records } of partitionData) {
        forEachRecord(records, 0, (_offset, _timestamp, cursor) => {
          const [key, value] = [cursor.key()?.toString() ?? null, cursor.value()?.toString() ?? null]
          const headers = Object.fromEntries(cursor.readHeaders().map((header) => [header.key, header.value?.toString()]))
          this.letters.push({ topic: name, key, value, headers })
        })
      }
    }
    return produceResponse(request)
  }
}
