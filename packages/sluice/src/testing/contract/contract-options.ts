import type { ConsumerInterceptor } from '../../interceptor/consumer-interceptor.ts'
import type { ProducerInterceptor } from '../../interceptor/producer-interceptor.ts'
import type { ProducerRecordInit } from '../../record/producer-record.ts'
import type { TestContext } from '../test-context.ts'

/** A producer's or a consumer's interceptor, or both in one. */
export type AnyInterceptor = ProducerInterceptor & ConsumerInterceptor

/**
 * Makes the interceptor, a new one for each call. One that takes a parameter is taken for the factory of a configurable
 * interceptor: it must pass the common options on to it.
 */
export type InterceptorFactory = (options?: any) => ProducerInterceptor | ConsumerInterceptor

/** A part of a record that an interceptor may be there to change. */
export type RecordPart = 'topic' | 'partition' | 'key' | 'value' | 'timestamp' | 'headers'

/** The hooks that are called for records. */
export type RecordHook = 'onSend' | 'onSerialized' | 'onFetched' | 'onConsume'

export interface InterceptorContractOptions {
  /** What the interceptor changes by design; everything else must come out as it went in. New headers are always allowed. @default [] */
  readonly changes?: readonly RecordPart[]
  /** Hooks that may return a promise. True stands for all of them. @default none */
  readonly async?: boolean | readonly RecordHook[]
  /** `handle` may call `next` more than once, to retry. @default false */
  readonly retries?: boolean
  /** A record that the interceptor is meant for; the suite sends it besides those of its own. */
  readonly record?: Partial<ProducerRecordInit<any, any>>
  /** Changes the context that `configure` gets. */
  readonly context?: Partial<TestContext>
  /** Checks to leave out, by title, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>
  /** How long a promise of the interceptor may take, in milliseconds of real time. @default 5000 */
  readonly timeoutMs?: number
  /** How a test is registered. @default `test` of node:test */
  readonly test?: (name: string, run: () => Promise<void>) => unknown
}

/** One promise of the contract. */
export interface Check {
  readonly title: string
  run(): Promise<void>
}
