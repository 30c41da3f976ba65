import type { KafkaError } from '../errors.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { SendCallback } from './record-thunks.ts'

/** The records that an interceptor put in place of one: their ends become the one end of that send. */
export class EmittedSends {
  readonly #metadatas: RecordMetadata[]
  readonly #onEnd: SendCallback
  #left: number
  #error: KafkaError | null = null

  /** `onEnd` is called once, when the last of `count` records has ended: with the first error, if there was one. */
  constructor(count: number, onEnd: SendCallback) {
    this.#metadatas = new Array(count)
    this.#left = count
    this.#onEnd = onEnd
  }

  callback(index: number): SendCallback {
    return (metadata, error) => {
      this.#metadatas[index] = metadata
      this.#error ??= error
      this.#left--
      if (this.#left === 0) this.#onEnd({ ...this.#metadatas[0]!, emitted: this.#metadatas }, this.#error)
    }
  }
}
