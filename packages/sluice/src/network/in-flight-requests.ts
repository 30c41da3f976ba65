import { KafkaError } from '../errors.ts'

/** What the queue must know of a request. */
export interface InFlight {
  /** The socket has taken all of its bytes. */
  readonly written: boolean
}

/** The requests of one connection that were sent and not completed, in send order (Java: InFlightRequests of one node). */
export class InFlightRequests<T extends InFlight> {
  readonly #maxInFlight: number
  #requests: T[] = []

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight
  }

  get count(): number {
    return this.#requests.length
  }

  get oldest(): T | undefined {
    return this.#requests[0]
  }

  /** True when the newest request has left for the socket and there are fewer than the maximum. */
  canSendMore(): boolean {
    const count = this.#requests.length
    return count === 0 || (count < this.#maxInFlight && this.#requests[count - 1]!.written)
  }

  add(request: T): void {
    this.#requests.push(request)
  }

  /** Removes and returns the oldest request: the one that the next response belongs to. */
  completeNext(): T {
    const request = this.#requests.shift()
    if (request === undefined) throw noneInFlight()
    return request
  }

  /** Removes and returns the newest request, for those that get no response. */
  completeLastSent(): T {
    const request = this.#requests.pop()
    if (request === undefined) throw noneInFlight()
    return request
  }

  /** Removes one request wherever it stands; false when it is not there. */
  complete(request: T): boolean {
    const at = this.#requests.lastIndexOf(request)
    if (at < 0) return false
    this.#requests.splice(at, 1)
    return true
  }

  /** Removes and returns all of them in send order. */
  clearAll(): T[] {
    const requests = this.#requests
    this.#requests = []
    return requests
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#requests[Symbol.iterator]()
  }
}

function noneInFlight(): KafkaError {
  return new KafkaError('ILLEGAL_STATE', 'there are no requests in flight')
}
