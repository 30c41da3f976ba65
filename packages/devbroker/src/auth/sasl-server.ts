/** The server's side of one SASL exchange. */
export interface SaslServer {
  /** Answers a client's message. Throws `SaslError` when the client is not who it says. */
  step(message: Buffer): SaslReply
}

export interface SaslReply {
  readonly bytes: Buffer
  readonly done: boolean
}

/** Authentication failed; the message goes to the client and says nothing that helps to guess. */
export class SaslError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SaslError'
  }
}
