import { randomBytes, randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { KafkaAdmin } from 'sluice'
import { type Certificates, makeCertificates } from './certificates.ts'
import { kafkaJars } from './kafka-jars.ts'
import { jvmFlags, KafkaProcess } from './kafka-process.ts'
import { runCommand } from './run-command.ts'
import { type ListenerName, scramArguments, securedListeners, serverProperties } from './server-properties.ts'

const START_TIMEOUT_MS = 90_000
const POLL_MS = 100
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

export interface KafkaClusterOptions {
  readonly version: string
  readonly brokers: number
  /** The first broker's PLAINTEXT port; the other brokers take the next ones. @default any that are free */
  readonly port?: number
  /** Adds the SASL and TLS listeners, with certificates made at start. @default false */
  readonly security?: boolean
  /** Broker configurations by Kafka's names, over those that the cluster chooses. */
  readonly properties?: Readonly<Record<string, string>>
  /** Ends the start: it then rejects, with nothing left behind. */
  readonly signal?: AbortSignal
}

interface Broker {
  readonly id: number
  readonly home: string
  readonly ports: ReadonlyMap<ListenerName, number>
  readonly controllerPort: number
  readonly process: KafkaProcess
}

/** Apache Kafka in KRaft mode on loopback, every broker also a controller. Its data lives in a temporary folder that `stop` removes. */
export class KafkaCluster implements AsyncDisposable {
  readonly version: string
  /** PEM files; undefined without `security`. */
  readonly certificates: Certificates | undefined
  readonly #home: string
  readonly #lib: string
  readonly #brokers: readonly Broker[]
  readonly #onExit = (): void => this.#killAll()

  /** Resolves when every broker answers and knows all others. Rejects with the broker's log, or with what this machine lacks. */
  static async start(options: KafkaClusterOptions): Promise<KafkaCluster> {
    const signal = options.signal ?? new AbortController().signal
    const lib = kafkaJars(options.version)
    signal.throwIfAborted()
    const home = mkdtempSync(join(tmpdir(), 'sluice-kafka-'))
    let cluster: KafkaCluster | undefined
    try {
      const certificates = options.security === true ? await makeCertificates(join(home, 'certificates'), signal) : undefined
      cluster = new KafkaCluster(options.version, lib, home, certificates, await layOut(options, lib, home))
      await cluster.#format(options, signal)
      for (const { process } of cluster.#brokers) process.start()
      await cluster.untilReady(signal)
      return cluster
    } catch (error) {
      await cluster?.stop()
      rmSync(home, { recursive: true, force: true })
      throw error
    }
  }

  private constructor(version: string, lib: string, home: string, certificates: Certificates | undefined, brokers: readonly Broker[]) {
    this.version = version
    this.certificates = certificates
    this.#lib = lib
    this.#home = home
    this.#brokers = brokers
    process.once('exit', this.#onExit)
  }

  /** Of the PLAINTEXT listeners. */
  get bootstrapServers(): string {
    return this.bootstrapServersOf('PLAINTEXT')
  }

  /** `host:port` of every broker's listener with this name, separated by commas. */
  bootstrapServersOf(listener: ListenerName): string {
    return this.#brokers
      .map(({ ports }) => {
        const port = ports.get(listener)
        if (port === undefined) throw new Error(`the cluster was started without security, so it has no listener ${listener}`)
        return `127.0.0.1:${port}`
      })
      .join(',')
  }

  get brokerIds(): readonly number[] {
    return this.#brokers.map(({ id }) => id)
  }

  /** Starts a broker that has ended, on the same ports and data; waits for the end of one that is ending. `untilReady` tells when it answers. */
  async startBroker(id: number): Promise<void> {
    const { process } = this.#broker(id)
    await process.ended
    process.start()
  }

  /** Sends a signal to one broker: SIGKILL, SIGSTOP and SIGCONT are what fault tests need. Does not wait for what it does. */
  signalBroker(id: number, signal: NodeJS.Signals): void {
    this.#broker(id).process.signal(signal)
  }

  /** Resolves when the broker's process is gone. */
  brokerEnded(id: number): Promise<void> {
    return this.#broker(id).process.ended
  }

  /** Resolves when every broker answers and sees all others. */
  async untilReady(signal?: AbortSignal): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS
    let failure: unknown
    const admins = this.#brokers.map(
      ({ ports }) =>
        new KafkaAdmin({ bootstrapServers: `127.0.0.1:${ports.get('PLAINTEXT')}`, logger: quiet, reconnectBackoffMaxMs: POLL_MS }),
    )
    try {
      for (;;) {
        for (const { id, process } of this.#brokers) {
          if (!process.isRunning) throw new Error(`Kafka broker ${id} ended:\n${process.log()}`)
        }
        try {
          const seen = await Promise.all(admins.map((admin) => admin.describeCluster({ timeoutMs: 5000, ...(signal ? { signal } : {}) })))
          if (seen.every(({ nodes }) => nodes.length === this.#brokers.length)) return
        } catch (error) {
          failure = error
        }
        signal?.throwIfAborted()
        if (performance.now() > deadline) throw new Error(`Kafka did not answer within ${START_TIMEOUT_MS / 1000} s`, { cause: failure })
        await delay(POLL_MS, undefined, signal ? { signal } : {})
      }
    } finally {
      await Promise.all(admins.map((admin) => admin.close()))
    }
  }

  /** Stops every broker and removes its data. Safe to call twice. */
  async stop(): Promise<void> {
    await Promise.all(this.#brokers.map(({ process }) => process.stop()))
    process.off('exit', this.#onExit)
    rmSync(this.#home, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #broker(id: number): Broker {
    const broker = this.#brokers.find((candidate) => candidate.id === id)
    if (!broker) throw new Error(`there is no broker ${id}, only ${this.brokerIds.join(', ')}`)
    return broker
  }

  #killAll(): void {
    for (const { process } of this.#brokers) process.signal('SIGKILL')
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 })
  }

  async #format(options: KafkaClusterOptions, signal: AbortSignal): Promise<void> {
    const clusterId = newClusterId()
    const voters = this.#brokers.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(',')
    const tool = ['-cp', join(this.#lib, '*'), ...jvmFlags, 'kafka.tools.StorageTool', 'format', '-t', clusterId]
    const more = this.certificates === undefined ? [] : scramArguments()
    const formatting = this.#brokers.map(async ({ id, home, ports, controllerPort }) => {
      const file = join(home, 'server.properties')
      const { certificates } = this
      const overrides = options.properties ?? {}
      writeFileSync(file, serverProperties({ id, home, ports, controllerPort, voters, brokers: options.brokers, certificates, overrides }))
      await runCommand('java', [...tool, '-c', file, ...more], signal)
    })
    // All of them to their end: the folder is removed when one fails.
    for (const outcome of await Promise.allSettled(formatting)) if (outcome.status === 'rejected') throw outcome.reason
  }
}

async function layOut(options: KafkaClusterOptions, lib: string, home: string): Promise<Broker[]> {
  const listeners: readonly ListenerName[] = options.security === true ? ['PLAINTEXT', ...securedListeners] : ['PLAINTEXT']
  const free = await freePorts(options.brokers * (listeners.length + 1))
  return Array.from({ length: options.brokers }, (_, index) => {
    const id = index + 1
    const ports = new Map(listeners.map((name) => [name, free.pop()!]))
    if (options.port !== undefined) ports.set('PLAINTEXT', options.port + index)
    const brokerHome = join(home, `broker-${id}`)
    mkdirSync(brokerHome)
    return { id, home: brokerHome, ports, controllerPort: free.pop()!, process: new KafkaProcess(lib, brokerHome) }
  })
}

/** Below the range from which systems take ports for outgoing connections, so that none of those is on it when a broker listens. */
const PORTS = { from: 15_000, to: 32_000 }

async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  while (found.size < count) {
    const port = randomInt(PORTS.from, PORTS.to)
    if (await isFree(port)) found.add(port)
  }
  return [...found]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Sixteen bytes in Kafka's base64url; one that begins with a dash would be taken for an option. */
function newClusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? newClusterId() : id
}
