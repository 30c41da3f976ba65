import type { Clock, Timer } from '../../clock.ts'

export interface HeartbeatOptions {
  readonly heartbeatIntervalMs: number
  readonly sessionTimeoutMs: number
  readonly maxPollIntervalMs: number
  readonly retryBackoffMs: number
}

export interface HeartbeatActions {
  /** Sends one heartbeat; false when it failed and is to be repeated after `retryBackoffMs`. */
  beat(): Promise<boolean>
  /** No heartbeat was answered for `sessionTimeoutMs`. */
  onSessionTimeout(): void
  /** The application has not polled for `maxPollIntervalMs`. */
  onPollTimeout(): void
}

/**
 * The timer that keeps a membership alive, whatever the application does meanwhile, as long as it polls often enough
 * (Java: Heartbeat and HeartbeatThread). Its timer does not keep the process alive.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #actions: HeartbeatActions
  readonly #clock: Clock
  #timer: Timer | undefined
  #isRunning = false
  #isBeating = false
  #nextAt = 0
  #sessionEndsAt = 0
  #pollEndsAt = 0

  constructor(options: HeartbeatOptions, actions: HeartbeatActions, clock: Clock) {
    this.#options = options
    this.#actions = actions
    this.#clock = clock
    this.polled()
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** The application has made no progress for `maxPollIntervalMs`. */
  get isPollOverdue(): boolean {
    return this.#clock.monotonic() >= this.#pollEndsAt
  }

  /** Called by `poll`. */
  polled(): void {
    this.#pollEndsAt = this.#clock.monotonic() + this.#options.maxPollIntervalMs
  }

  /** Begins with a new membership, or anew after a rebalance. */
  start(): void {
    const now = this.#clock.monotonic()
    this.#isRunning = true
    this.#nextAt = now + this.#options.heartbeatIntervalMs
    this.#sessionEndsAt = now + this.#options.sessionTimeoutMs
    this.#schedule()
  }

  stop(): void {
    this.#isRunning = false
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** The coordinator answered: the membership lives on. */
  received(): void {
    this.#sessionEndsAt = this.#clock.monotonic() + this.#options.sessionTimeoutMs
  }

  #schedule(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.#isRunning) return
    const due = Math.min(this.#isBeating ? Infinity : this.#nextAt, this.#sessionEndsAt, this.#pollEndsAt)
    this.#timer = this.#clock.setTimer(() => this.#tick(), Math.max(0, due - this.#clock.monotonic()), false)
  }

  #tick(): void {
    this.#timer = undefined
    const now = this.#clock.monotonic()
    if (now >= this.#pollEndsAt) {
      this.#actions.onPollTimeout()
      return
    }
    if (now >= this.#sessionEndsAt) {
      this.#sessionEndsAt = now + this.#options.sessionTimeoutMs
      this.#actions.onSessionTimeout()
    }
    if (!this.#isBeating && now >= this.#nextAt) void this.#beat()
    this.#schedule()
  }

  async #beat(): Promise<void> {
    this.#isBeating = true
    this.#nextAt = this.#clock.monotonic() + this.#options.heartbeatIntervalMs
    const wasSent = await this.#actions.beat()
    this.#isBeating = false
    if (!wasSent) this.#nextAt = this.#clock.monotonic() + this.#options.retryBackoffMs
    this.#schedule()
  }
}
