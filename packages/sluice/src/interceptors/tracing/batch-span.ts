import type { Context, Span } from '@opentelemetry/api'
import type { KafkaError } from 'sluice'
import { attribute } from './otel.ts'
import { markFailed } from './span-end.ts'

/** One span for several sends. It ends with the last acknowledgement, once no more records can join. */
export class BatchSpan {
  readonly span: Span
  readonly parent: Context
  /** The parent with this span in it: what its records carry. */
  readonly context: Context
  #records = 0
  #pending = 0
  #isClosed = false
  #hasFailed = false

  constructor(span: Span, parent: Context, context: Context) {
    this.span = span
    this.parent = parent
    this.context = context
  }

  joined(): void {
    this.#records++
    this.#pending++
  }

  settled(error: KafkaError | null): void {
    // The first failure stands for all: those of one batch are alike.
    if (error !== null && !this.#hasFailed) {
      this.#hasFailed = true
      markFailed(this.span, error)
    }
    this.#pending--
    this.#endIfDone()
  }

  close(): void {
    this.#isClosed = true
    this.#endIfDone()
  }

  #endIfDone(): void {
    if (!this.#isClosed || this.#pending > 0) return
    this.span.setAttribute(attribute.batchCount, this.#records)
    this.span.end()
  }
}
