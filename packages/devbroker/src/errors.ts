import { errorCodes } from '@sluice/protocol'

/** Kafka's name of the error that a client would be told, or one of ours for wrong use of `DevBroker` itself. */
export type DevBrokerErrorCode = keyof typeof errorCodes | 'INVALID_OPTION' | 'CLOSED' | 'NODE_DOWN' | 'FAULTS_LEFT'

/** What `DevBroker`'s own methods throw. */
export class DevBrokerError extends Error {
  readonly code: DevBrokerErrorCode

  constructor(code: DevBrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DevBrokerError'
    this.code = code
  }

  /** The number that goes over the wire for it. */
  get errorCode(): number {
    return (errorCodes as Readonly<Record<string, number>>)[this.code] ?? errorCodes.UNKNOWN_SERVER_ERROR
  }
}
