/** One client in one case. Each runs in a process of its own, against a broker in another. */
export interface BenchContext {
  readonly bootstrapServers: string
  readonly topic: string
  readonly value: Buffer
  /** Callers that await their own send, in `produce/awaited`. */
  readonly callers: number
  /** Records in the topic, in `consume`. */
  readonly records: number
}

/**
 * What a client must be able to do. Produce cases run until `stopped()` and report each acknowledged record through
 * `acknowledged`, so that warming up and measuring are the runner's affair.
 */
export interface BenchClient {
  readonly version: string
  /** `callers` concurrent loops, each awaiting its own single-record send. */
  produceAwaited(context: BenchContext, acknowledged: (records: number) => void, stopped: () => boolean): Promise<void>
  /** The client's fastest way to send from one loop. */
  produceLoop(context: BenchContext, acknowledged: (records: number) => void, stopped: () => boolean): Promise<void>
  /** Reads the whole topic in a group from its beginning. */
  consume(context: BenchContext, consumed: (records: number) => void): Promise<void>
}
