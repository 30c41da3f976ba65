import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaAdmin } from 'sluice'
import { kafkaJars } from './kafka-jars.ts'

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000
const JVM_FLAGS = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']

export interface KafkaClusterOptions {
  readonly version: string
  readonly brokers: number
  /** First client port; consecutive brokers take the next ones. Free ports when it is left out. */
  readonly port?: number
}

interface Broker {
  readonly id: number
  readonly port: number
  readonly controllerPort: number
  readonly home: string
  process: ChildProcess | undefined
}

/** Apache Kafka in KRaft mode on loopback, every broker also a controller. Data lives in a temporary folder that `stop` removes. */
export class KafkaCluster implements AsyncDisposable {
  readonly #brokers: readonly Broker[]
  readonly #lib: string
  readonly #home: string
  readonly #onExit = (): void => this.#killAll()

  static async start(options: KafkaClusterOptions): Promise<KafkaCluster> {
    const lib = kafkaJars(options.version)
    const home = mkdtempSync(join(tmpdir(), 'sluice-kafka-'))
    const brokers: Broker[] = []
    for (let id = 1; id <= options.brokers; id++) {
      const port = options.port === undefined ? await freePort() : options.port + id - 1
      brokers.push({ id, port, controllerPort: await freePort(), home: join(home, `broker-${id}`), process: undefined })
    }
    const cluster = new KafkaCluster(lib, home, brokers)
    try {
      cluster.#format(options)
      for (const broker of brokers) cluster.startBroker(broker.id)
      await cluster.#untilReady()
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  private constructor(lib: string, home: string, brokers: readonly Broker[]) {
    this.#lib = lib
    this.#home = home
    this.#brokers = brokers
    process.once('exit', this.#onExit)
  }

  get bootstrapServers(): string {
    return this.#brokers.map(({ port }) => `127.0.0.1:${port}`).join(',')
  }

  /** Starts one broker that is not running. */
  startBroker(id: number): void {
    const broker = this.#broker(id)
    const log = createWriteStream(join(broker.home, 'kafka.log'), { flags: 'a' })
    const child = spawn('java', ['-cp', join(this.#lib, '*'), ...JVM_FLAGS, 'kafka.Kafka', join(broker.home, 'server.properties')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.pipe(log)
    child.stderr.pipe(log)
    broker.process = child
  }

  /** Sends a signal to one broker: SIGKILL, SIGSTOP and SIGCONT are what fault tests need. */
  signalBroker(id: number, signal: NodeJS.Signals): void {
    this.#broker(id).process?.kill(signal)
  }

  /** Stops every broker and removes its data. */
  async stop(): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => stopProcess(broker.process)))
    process.off('exit', this.#onExit)
    rmSync(this.#home, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #broker(id: number): Broker {
    const broker = this.#brokers.find((candidate) => candidate.id === id)
    if (!broker) throw new Error(`there is no broker ${id}`)
    return broker
  }

  #killAll(): void {
    for (const { process: child } of this.#brokers) child?.kill('SIGKILL')
    rmSync(this.#home, { recursive: true, force: true })
  }

  #format(options: KafkaClusterOptions): void {
    const clusterId = randomBytes(16).toString('base64url')
    const voters = this.#brokers.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(',')
    for (const broker of this.#brokers) {
      mkdirSync(broker.home, { recursive: true })
      const properties = join(broker.home, 'server.properties')
      writeFileSync(properties, serverProperties(broker, voters, options.brokers))
      const result = spawnSync(
        'java',
        ['-cp', join(this.#lib, '*'), ...JVM_FLAGS, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties],
        {
          encoding: 'utf8',
        },
      )
      if (result.status !== 0) throw new Error(`Kafka's storage could not be formatted:\n${result.stdout}${result.stderr}`)
    }
  }

  async #untilReady(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS
    let failure: unknown
    while (performance.now() < deadline) {
      for (const broker of this.#brokers) {
        if (broker.process!.exitCode !== null) throw new Error(`Kafka broker ${broker.id} ended:\n${this.#logOf(broker)}`)
      }
      try {
        await using admin = new KafkaAdmin({ bootstrapServers: this.bootstrapServers, requestTimeoutMs: 2000, defaultApiTimeoutMs: 4000 })
        const { nodes } = await admin.describeCluster()
        if (nodes.length === this.#brokers.length) return
      } catch (error) {
        failure = error
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`Kafka did not answer within ${START_TIMEOUT_MS / 1000} s`, { cause: failure })
  }

  #logOf({ home }: Broker): string {
    return readFileSync(join(home, 'kafka.log'), 'utf8').split('\n').slice(-30).join('\n')
  }
}

function serverProperties({ id, port, controllerPort, home }: Broker, voters: string, brokers: number): string {
  const replication = Math.min(3, brokers)
  const minInSync = Math.min(2, brokers)
  return `process.roles=broker,controller
node.id=${id}
controller.quorum.voters=${voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=${join(home, 'data')}
num.partitions=1
default.replication.factor=${replication}
min.insync.replicas=${minInSync}
offsets.topic.replication.factor=${replication}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=${replication}
transaction.state.log.min.isr=${minInSync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=${replication}
share.coordinator.state.topic.min.isr=${minInSync}
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=true
log.segment.bytes=104857600
`
}

async function stopProcess(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  // A stopped process takes no SIGTERM before it goes on.
  child.kill('SIGCONT')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await exited
  clearTimeout(timer)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
