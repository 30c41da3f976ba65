import type { Span, SpanStatusCode } from '@opentelemetry/api'
import { isKafkaError } from 'sluice'
import { attribute } from './otel.ts'

const ERROR: SpanStatusCode.ERROR = 2

/** Marks the span as failed with what was thrown. The message of a SyntaxError is left out: JSON.parse quotes the data in it. */
export function markFailed(span: Span, error: unknown): void {
  span.setAttribute(attribute.errorType, errorType(error))
  if (!(error instanceof Error) || error instanceof SyntaxError) {
    span.setStatus({ code: ERROR })
    return
  }
  span.recordException(error)
  span.setStatus({ code: ERROR, message: error.message })
}

function errorType(error: unknown): string {
  if (isKafkaError(error)) return error.code
  return error instanceof Error ? error.name : typeof error
}
