import type { KafkaError } from '../../errors.ts'
import type { ProducerInterceptor } from '../../interceptor/producer-interceptor.ts'
import { silentLogger } from '../../logger.ts'
import { clientParts } from '../../network/client-parts.ts'
import { ManualClock } from '../../network/testing/manual-clock.ts'
import { MockClient, type MockRequest } from '../../network/testing/mock-client.ts'
import type { ProducerOptions } from '../../options/producer-options.ts'
import type { RecordMetadata } from '../../record/record-metadata.ts'
import { stringSerializer } from '../../record/serdes.ts'
import { KafkaProducer } from '../producer.ts'
import { produceResponse } from './produce-responses.ts'

export type ProducerTestOptions = Partial<ProducerOptions<string, string>>

/** A producer of strings on a mock network with topic "t" of three partitions; requests are answered by themselves unless `hold`. */
export class ProducerFixture {
  readonly clock: ManualClock = new ManualClock()
  readonly client: MockClient
  readonly producer: KafkaProducer<string, string>
  /** Values by partition, as they were sent. */
  readonly sent: string[][] = [[], [], []]
  hold = false
  leaders: number[] = [0, 0, 0]

  constructor(
    options: ProducerTestOptions = {},
    interceptors: readonly ProducerInterceptor<string, string>[] = [],
    topics: readonly string[] = ['t'],
  ) {
    this.client = new MockClient({ clock: this.clock, answer: (request) => this.#answer(request) })
    this.know(...topics)
    this.producer = new KafkaProducer<string, string>(
      {
        bootstrapServers: 'localhost:9092',
        keySerializer: stringSerializer,
        valueSerializer: stringSerializer,
        lingerMs: 0,
        logger: silentLogger,
        ...options,
        [clientParts]: { client: this.client, clock: this.clock, random: () => 0.5 },
      } as ProducerOptions<string, string>,
      interceptors,
    )
  }

  know(...topics: readonly string[]): void {
    this.client.updateMetadata(Object.fromEntries(topics.map((topic) => [topic, { leaders: this.leaders }])))
  }

  answerAll(): void {
    this.hold = false
    for (const request of [...this.client.requests]) request.respond(this.#answer(request)!)
  }

  #answer(request: MockRequest): object | undefined {
    if (request.api.name === 'InitProducerId') return { errorCode: 0, producerId: 1, producerEpoch: 0 }
    if (this.hold) return undefined
    return produceResponse(request, ({ partition, values }) => {
      const baseOffset = this.sent[partition]!.length
      this.sent[partition]!.push(...(values as string[]))
      return { baseOffset }
    })
  }
}

/** Lets the sender take its turns. */
export async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

/** Notes every acknowledgement. */
export function recorder(name = 'recorder'): ProducerInterceptor<string, string> & {
  sends: number
  readonly acks: { metadata: RecordMetadata; error: KafkaError | null; headers: number }[]
  closed: number
} {
  return {
    name,
    sends: 0,
    acks: [],
    closed: 0,
    onSend(record) {
      this.sends++
      return record
    },
    onAcknowledgement(metadata, error, headers) {
      this.acks.push({ metadata, error, headers: headers.size })
    },
    close() {
      this.closed++
    },
  }
}
