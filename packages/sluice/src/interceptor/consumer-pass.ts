import { KafkaError } from '../errors.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import type { ConsumerChain, ConsumerMember } from './consumer-chain.ts'
import type { LeftOutRecord } from './interceptor-context.ts'

/** A record that goes to the dead-letter topic; offset and partition are those it was fetched from. */
export interface DeadLetterOrder extends TopicPartition {
  readonly offset: number
  readonly error: Error
  readonly interceptor: string
}

/** Where a partition's records end for this time, and why: from here on they come again. */
export interface Rejection {
  readonly offset: number
  readonly error: Error
}

/** What one poll fetched, on its way through one chain: what verdicts ask for, and the signals of its hooks. */
export class ConsumerPass {
  readonly chain: ConsumerChain
  readonly deadLetters: DeadLetterOrder[] = []
  /** What interceptors took out, for those behind them. */
  readonly leftOut: LeftOutRecord[] = []
  readonly #rejections = new Map<string, Rejection>()
  readonly #controllers = new Set<AbortController>()
  readonly #waits = new Set<(reason: unknown) => void>()
  /** Nobody waits for it any more: what its hooks still do counts for nothing. */
  isOver = false

  constructor(chain: ConsumerChain) {
    this.chain = chain
  }

  leaveOut({ topic, partition }: TopicPartition, offset: number, interceptor: string, reason: string): void {
    this.leftOut.push({ topic, partition, offset, interceptor, reason })
  }

  get hasRejections(): boolean {
    return this.#rejections.size > 0
  }

  rejectionOf({ topic, partition }: TopicPartition): Rejection | undefined {
    return this.#rejections.size === 0 ? undefined : this.#rejections.get(`${topic}-${partition}`)
  }

  /** Of a partition that is none of these: records that an interceptor added have no position to stop at. */
  rejectionOutside(partitions: readonly TopicPartition[]): Rejection | undefined {
    if (this.#rejections.size === 0) return undefined
    const names = new Set(partitions.map(({ topic, partition }) => `${topic}-${partition}`))
    for (const [name, rejection] of this.#rejections) if (!names.has(name)) return rejection
    return undefined
  }

  /** The partition's records end at `offset`, or where they ended already. */
  reject({ topic, partition }: TopicPartition, offset: number, error: Error): void {
    const key = `${topic}-${partition}`
    const earlier = this.#rejections.get(key)
    if (earlier === undefined || offset < earlier.offset) this.#rejections.set(key, { offset, error })
  }

  /**
   * What a hook's promise settles with; TIMEOUT after the interceptor's `timeoutMs`, whose `abort` is then called; the reason
   * when the pass is interrupted. What the promise does later is nobody's unhandled rejection.
   */
  settled(promise: PromiseLike<unknown>, { member, meter }: ConsumerMember, abort: (reason: KafkaError) => void): Promise<unknown> {
    const { timeoutMs } = member
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer.cancel()
        this.#waits.delete(interrupted)
      }
      const interrupted = (reason: unknown): void => {
        end()
        reject(reason)
      }
      const timer = this.chain.clock.setTimer(() => {
        this.#waits.delete(interrupted)
        meter.timeouts++
        const error = new KafkaError('TIMEOUT', `its promise did not settle within timeoutMs ${timeoutMs}`)
        abort(error)
        reject(error)
      }, timeoutMs)
      this.#waits.add(interrupted)
      // As in settledWithin.
      Promise.resolve(promise).then(
        (value) => {
          end()
          resolve(value)
        },
        (cause) => {
          end()
          reject(cause)
        },
      )
    })
  }

  openController(): AbortController {
    const controller = new AbortController()
    this.#controllers.add(controller)
    if (this.isOver) controller.abort()
    return controller
  }

  closeController(controller: AbortController): void {
    this.#controllers.delete(controller)
  }

  /** The poll was given up: tells the hooks that are at work. */
  interrupt(reason: unknown): void {
    this.isOver = true
    for (const controller of this.#controllers) controller.abort(reason)
    for (const interrupted of [...this.#waits]) interrupted(reason)
  }

  /** Nobody works on its records any more. To be called once. */
  end(): void {
    this.isOver = true
    this.chain.ended()
  }
}
