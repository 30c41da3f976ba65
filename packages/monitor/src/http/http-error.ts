/** What the asker did wrong, in words for them; becomes an answer with this status. */
export class HttpError extends Error {
  readonly status: number
  /** The parameter that is wrong. */
  readonly parameter: string | undefined

  constructor(status: number, message: string, parameter?: string) {
    super(message)
    this.name = 'HttpError'
    this.status = status
    this.parameter = parameter
  }
}

export function badParameter(parameter: string, message: string): HttpError {
  return new HttpError(400, `${parameter} ${message}`, parameter)
}
