import type { DeadLetterCause, DeadLetterWriter } from '../dead-letter/dead-letter-writer.ts'
import { KafkaError } from '../errors.ts'
import { type ClientParts, clientParts } from '../network/client-parts.ts'
import type { ConsumerOptions } from '../options/consumer-options.ts'
import { networkOptions } from '../options/network-options.ts'
import type { ProducerOptions } from '../options/producer-options.ts'
import type { RawRecord } from '../record/serialized-record.ts'

/** A consumer's way to its dead-letter topics: the code and the connection come with the first letter. */
export class DeadLetters {
  readonly #options: ProducerOptions<Buffer, Buffer>
  readonly #topic: string
  #writer: Promise<DeadLetterWriter> | undefined
  #isClosed = false

  /** `given`: the consumer's options as the application gave them, of which the writer takes those about connections. */
  constructor(given: ConsumerOptions<any, any>, parts: ClientParts, clientId: string, topic: string) {
    const connection: Record<string | symbol, unknown> = {}
    for (const name of Object.keys(networkOptions(0))) {
      const value = (given as unknown as Record<string, unknown>)[name]
      if (value !== undefined) connection[name] = value
    }
    this.#options = {
      ...connection,
      clientId: `${clientId}-dead-letter`,
      [clientParts]: parts.deadLetters ?? {},
    } as unknown as ProducerOptions<Buffer, Buffer>
    this.#topic = topic
  }

  /** Resolves when the letter is acknowledged. */
  async write(record: RawRecord, cause: DeadLetterCause): Promise<void> {
    const writer = await this.#open()
    await writer.write(record, cause)
  }

  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true
    const writer = await this.#writer?.catch(() => undefined)
    await writer?.close(timeoutMs)
  }

  #open(): Promise<DeadLetterWriter> {
    if (this.#isClosed) return Promise.reject(new KafkaError('CLOSED', 'the consumer is closed: a dead letter can no longer be written'))
    this.#writer ??= import('../dead-letter/dead-letter-writer.ts').then(
      (module) => new module.DeadLetterWriter(this.#options, this.#topic),
    )
    return this.#writer
  }
}
