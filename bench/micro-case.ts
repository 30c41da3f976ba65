/** A measurement of a piece of ours alone: in one process, without a broker. Reported in nanoseconds per record. */
export interface MicroCase {
  /** GROUP/WHAT; the group is the file's name in bench/micro. */
  readonly name: string
  readonly about: string
  /** Makes what the case needs, once per process, and returns what is measured. */
  setUp(): MicroBody | Promise<MicroBody>
}

export interface MicroBody {
  /**
   * What is done for each record; `n` counts the calls, from 0. What it returns is kept, so that nothing is optimised away.
   * The call itself, 1 to 2 ns, is in the figure.
   */
  record?(n: number): unknown
  /**
   * The same without the piece that is measured. Both run in turns in the same loop, and the figure is the median of the
   * differences, so that it can be below what a call costs; noise may make it negative.
   */
  baseline?(n: number): unknown
  /** In place of `record`: each promise is awaited before the next call, which is in the figure too. */
  recordAsync?(n: number): Promise<unknown>
  close?(): void | Promise<void>
}
