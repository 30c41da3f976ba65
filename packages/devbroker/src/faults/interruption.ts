/** In place of a response: what becomes of the connection. */
export class Interruption {
  /** Closed, answered never, or closed after a part of the answer. */
  readonly kind: 'drop' | 'hang' | 'truncate'
  /** Only with `truncate`. */
  readonly response: object
  readonly bytes: number

  constructor(kind: 'drop' | 'hang' | 'truncate', response: object = {}, bytes = 0) {
    this.kind = kind
    this.response = response
    this.bytes = bytes
  }
}
