import { type Channel, channel } from 'node:diagnostics_channel'
import type { KafkaError } from './errors.ts'

/** A batch goes to a broker; once for each attempt. */
export interface ProducerSendMessage {
  readonly clientId: string
  readonly nodeId: number
  readonly topic: string
  readonly partition: number
  readonly records: number
  /** As sent: compressed, with the batch's header. */
  readonly bytes: number
  /** 0 for the first attempt. */
  readonly attempt: number
  /** Milliseconds since the batch was begun. */
  readonly ageMs: number
}

/** A batch ended: acknowledged, failed, or given up by the producer. Its callbacks and interceptors have been called. */
export interface ProducerBatchMessage {
  readonly clientId: string
  readonly topic: string
  readonly partition: number
  readonly records: number
  readonly bytes: number
  /** Attempts after the first. */
  readonly retries: number
  /** -1 on failure, and when the broker gave none. */
  readonly baseOffset: number
  /** Null when it was acknowledged. */
  readonly error: KafkaError | null
}

/** A poll (also one of `run` or `for await`) has records, which interceptors have seen. */
export interface ConsumerPollMessage {
  readonly clientId: string
  readonly groupId: string | undefined
  /** What the application gets: without what interceptors left out. */
  readonly records: number
  /** What was fetched. */
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly records: number
    readonly nextOffset: number
  }[]
}

/** A commit succeeded or failed for good. */
export interface ConsumerCommitMessage {
  readonly clientId: string
  readonly groupId: string
  readonly offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]
  readonly error: unknown
}

/** A hook of an interceptor threw, or returned what it may not; also what the log keeps quiet about. */
export interface InterceptorErrorMessage {
  readonly clientId: string
  readonly interceptor: string
  readonly hook: string
  readonly topic: string | undefined
  readonly partition: number | undefined
  /** What was thrown. */
  readonly error: unknown
}

/** A call of an interceptor's hook was measured: one in 128, and every one that returned a promise. */
export interface InterceptorCallMessage {
  readonly clientId: string
  readonly interceptor: string
  readonly durationMs: number
}

/** `disableAfter` switched an interceptor off or on, or tries it again. */
export interface InterceptorStateMessage {
  readonly clientId: string
  readonly interceptor: string
  readonly state: 'on' | 'off' | 'trying'
}

/** A connection to a broker reached a state, or ended. */
export interface ConnectionStateMessage {
  readonly clientId: string
  /** Negative before metadata told the ids. */
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly state: 'connecting' | 'checking_api_versions' | 'authenticating' | 'ready' | 'closed'
  /** Why it ended; null in every other state. */
  readonly error: KafkaError | null
}

/** Names for `subscribe` of node:diagnostics_channel, and what their messages are. */
export interface DiagnosticsMessages {
  readonly 'sluice:producer:send': ProducerSendMessage
  readonly 'sluice:producer:batch': ProducerBatchMessage
  readonly 'sluice:consumer:poll': ConsumerPollMessage
  readonly 'sluice:consumer:commit': ConsumerCommitMessage
  readonly 'sluice:interceptor:error': InterceptorErrorMessage
  readonly 'sluice:interceptor:call': InterceptorCallMessage
  readonly 'sluice:interceptor:state': InterceptorStateMessage
  readonly 'sluice:connection:state': ConnectionStateMessage
}

export type DiagnosticsChannelName = keyof DiagnosticsMessages

/** Every channel there is, with what a message tells. docs/diagnostics.md repeats this table. */
export const diagnosticsChannels: Readonly<Record<DiagnosticsChannelName, string>> = {
  'sluice:producer:send': 'A batch goes to a broker; once for each attempt.',
  'sluice:producer:batch': 'A batch was acknowledged, or failed for good.',
  'sluice:consumer:poll': 'A poll has records for the application.',
  'sluice:consumer:commit': 'A commit succeeded, or failed for good.',
  'sluice:interceptor:error': 'A hook of an interceptor threw, or returned what it may not.',
  'sluice:interceptor:call': "A call of an interceptor's hook was measured.",
  'sluice:interceptor:state': 'An interceptor was switched off after failures, is tried again, or works again.',
  'sluice:connection:state': 'A connection to a broker reached a state, or ended.',
}

/** Held here, so that a channel is not collected with its subscribers. */
const channels = Object.fromEntries(Object.keys(diagnosticsChannels).map((name) => [name, channel(name)])) as Record<
  DiagnosticsChannelName,
  Channel
>

/** Ask before building a message: without subscribers nothing is built. */
export function isObserved(name: DiagnosticsChannelName): boolean {
  return channels[name].hasSubscribers
}

/** What a subscriber throws does not come through here: Node raises it as an uncaught exception afterwards. */
export function publish<N extends DiagnosticsChannelName>(name: N, message: DiagnosticsMessages[N]): void {
  channels[name].publish(message)
}
