import type { CompressionType } from 'sluice'

/** What one case asks of a client; everything else stays at the client's defaults. */
export interface BenchContext {
  readonly bootstrapServers: string
  readonly topic: string
  /** Different values of the case's size, to be sent in turn. */
  readonly values: readonly Buffer[]
  readonly compression: CompressionType
  readonly lingerMs: number | undefined
  readonly batchBytes: number | undefined
  /** Records in the topic, in `consume`. */
  readonly records: number
  /** Only ours has them: the producer runs five interceptors. */
  readonly withInterceptors: boolean
}

/** A client under test. Each case of each client runs in a process of its own, against a broker in another. */
export interface BenchClient {
  /** Rejects, with the reason, when the client cannot do what the case asks. */
  openProducer(context: BenchContext): Promise<BenchProducer>
  /** Reads the whole topic in a group from its beginning. */
  consume(context: BenchContext, consumed: (records: number) => void): Promise<void>
}

export interface BenchProducer {
  /** One record; resolves when it is acknowledged by all in-sync replicas. */
  send(value: Buffer): Promise<unknown>
  /** The client's fastest way to send from one loop, until `stopped()`; tells how many more are acknowledged. */
  loop(acknowledged: (records: number) => void, stopped: () => boolean): Promise<void>
  close(): Promise<unknown>
}
