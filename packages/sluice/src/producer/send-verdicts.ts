import type { KafkaError } from '../errors.ts'
import { deadLetterHeaders, deadLetterReason, deadLetterTopicFor } from '../interceptor/dead-letter.ts'
import type { PassingRecord, SendOutcome, SendStage, SendVerdict } from '../interceptor/producer-chain.ts'
import type { SendContext } from '../interceptor/send-context.ts'
import type { RecordHeaders } from '../record/headers.ts'
import { EmittedSends } from './emitted-sends.ts'
import type { Reject, Resolve, SendCallback } from './record-thunks.ts'
import type { SendEnding } from './send-ending.ts'

/** Where a record goes on after its stage. */
export type GoOn<S extends SendStage> = (
  record: PassingRecord<S>,
  context: SendContext | null,
  settle: SendCallback | Resolve,
  reject: Reject | null,
) => void

/** Carries out what a chain came to: the record goes on, or its verdict ends it, replaces it, or sends it elsewhere. */
export class SendVerdicts {
  readonly #ending: SendEnding
  readonly #deadLetterTopic: string

  constructor(ending: SendEnding, deadLetterTopic: string) {
    this.#ending = ending
    this.#deadLetterTopic = deadLetterTopic
  }

  follow<S extends SendStage>(
    outcome: SendOutcome<S>,
    context: SendContext | null,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    goOn: GoOn<S>,
  ): void {
    if (!('verdict' in outcome)) {
      goOn(outcome as PassingRecord<S>, context, settle, reject)
      return
    }
    const verdict = outcome as SendVerdict<S>
    switch (verdict.verdict) {
      case 'drop':
        this.#ending.drop(verdict.record, verdict.reason, context!, settle, reject)
        return
      case 'reject':
        this.#ending.fail(verdict.record, -1, verdict.error, context, settle, reject)
        return
      case 'emit': {
        const callbacks = this.callbacks(verdict.emitted.length, context!, settle, reject)
        for (const [index, one] of verdict.emitted.entries()) this.follow(one.outcome, one.context, callbacks[index]!, null, goOn)
        return
      }
      case 'deadLetter': {
        const letter = this.#deadLetter(verdict, context!)
        if (letter === null) this.#ending.fail(verdict.record, -1, verdict.error, context, settle, reject)
        else goOn({ ...verdict.record, ...letter }, context, settle, reject)
      }
    }
  }

  /** One for each record that stands for another: together they end that one. */
  callbacks(count: number, context: SendContext, settle: SendCallback | Resolve, reject: Reject | null): readonly SendCallback[] {
    const sends = new EmittedSends(count, (metadata, error) => this.#ending.end(metadata, error, context, settle, reject))
    return Array.from({ length: count }, (_, index) => sends.callback(index))
  }

  /** The send has failed meanwhile; records that were emitted in its place have interceptors of their own to be told. */
  discard<S extends SendStage>(outcome: SendOutcome<S>, error: KafkaError): void {
    if (!('verdict' in outcome)) return
    const verdict = outcome as SendVerdict<S>
    if (verdict.verdict !== 'emit') return
    for (const { context, outcome: inner } of verdict.emitted) {
      this.discard(inner, error)
      const record = 'verdict' in inner ? (inner as SendVerdict<S>).record : (inner as PassingRecord<S>)
      this.#ending.fail(record, -1, error, context, IGNORED, null)
    }
  }

  /** Where a dead letter goes and what it says; null when the record is one already. */
  #deadLetter(
    { record, error, interceptor }: SendVerdict & { readonly verdict: 'deadLetter' },
    context: SendContext,
  ): { readonly topic: string; readonly partition: undefined; readonly headers: RecordHeaders } | null {
    if (context.deadLettered !== undefined) return null
    context.deadLettered = deadLetterReason(error)
    const { topic, partition, timestamp, headers } = record
    return {
      topic: deadLetterTopicFor(this.#deadLetterTopic, topic),
      partition: undefined,
      headers: deadLetterHeaders(headers, { topic, partition, offset: undefined, timestamp, interceptor }, error),
    }
  }
}

const IGNORED: SendCallback = () => {}
