/** Thrown by a handler that has no way to answer: the client's connection is closed, which is all it will see. */
export class ConnectionRefusal extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConnectionRefusal'
  }
}
