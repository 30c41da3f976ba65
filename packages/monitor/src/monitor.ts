import { gzipSync } from 'node:zlib'
import { type ConsumerOptions, configError, consoleLogger, KafkaAdmin, type Logger } from 'sluice'
import { MONITOR_TOPIC, type MonitorReport } from 'sluice/monitor-report'
import { defaultAlertRules } from './alert-rules.ts'
import type { AlertRule } from './api-types.ts'
import { isLoopback } from './http/access-token.ts'
import { EventStream } from './http/event-stream.ts'
import { HttpServer } from './http/http-server.ts'
import { OtlpExport, type OtlpOptions } from './http/otlp-export.ts'
import { pageAnswers } from './http/page-answer.ts'
import { requestHandler } from './http/routes.ts'
import { Webhook, type WebhookOptions } from './http/webhook.ts'
import { checkReport } from './ingest/check-report.ts'
import { ClusterFactsReader } from './ingest/cluster-facts.ts'
import { Collector } from './ingest/collector.ts'
import { connectionOf } from './ingest/connection.ts'
import { checkReportTopic, createCommand, createReportTopic } from './ingest/report-topic.ts'
import { TopicReader } from './ingest/topic-reader.ts'
import { type PageFile, pageFiles } from './page-files.ts'
import { defaultRetention, type Retention } from './store/retention.ts'
import { SqliteStore } from './store/sqlite-store.ts'

export interface MonitorOptions {
  /** The cluster with the report topic. @default none: reports come by HTTP or by `take` */
  readonly bootstrapServers?: string | readonly string[]
  /** Connection settings such as `ssl` and `sasl`, and whatever else a consumer takes. */
  readonly kafka?: Partial<ConsumerOptions>
  /** @default _sluice.monitor */
  readonly topic?: string
  /** Creates the report topic when it is missing. @default true */
  readonly createTopic?: boolean
  /** Partitions of a topic that is created; several collectors can share as many. @default 1 */
  readonly partitions?: number
  /**
   * Shares the partitions of the report topic with other collectors, by the group `_sluice-monitor`. They must have the same
   * store: where reading goes on is kept there. Collectors with stores of their own need not know of each other, and each
   * has everything. @default false
   */
  readonly share?: boolean
  /** A file, or `:memory:`. @default :memory: */
  readonly store?: string
  /** How long what is kept, and how much. */
  readonly retention?: Partial<Retention>
  /** 0 for any that is free. @default 9470 */
  readonly port?: number
  /** Any other than this machine's own needs a token. @default 127.0.0.1 */
  readonly host?: string
  /** What page, API and reports have to show. @default none */
  readonly token?: string
  /** @default defaultAlertRules */
  readonly alerts?: readonly AlertRule[]
  /** Gets every alert when it begins and when it ends. @default none */
  readonly webhook?: WebhookOptions
  /** Sends the metrics to an OpenTelemetry receiver. @default none */
  readonly otlp?: OtlpOptions
  /** @default warnings and errors to standard error */
  readonly logger?: Logger
}

const DEFAULT_PORT = 9470
const GROUP = '_sluice-monitor'
const CREATE_TIMEOUT_MS = 15_000
const CREATE_AGAIN_MS = 30_000

/** A collector with its page: `await using monitor = await Monitor.start({ bootstrapServers })`, then open `monitor.url`. */
export class Monitor implements AsyncDisposable {
  readonly #parts: Parts
  #closing: Promise<void> | undefined

  /**
   * Resolves when page and API answer; a cluster that is away or a topic that is missing does not hold it up, the page says
   * so. Rejects with CONFIG for wrong options, and when the port is taken or the store cannot be opened.
   */
  static async start(options: MonitorOptions = {}): Promise<Monitor> {
    const { host = '127.0.0.1', port = DEFAULT_PORT, token, logger = consoleLogger } = options
    checkOptions(options, host)
    const files = await pageFiles().catch((error: Error) => pageOfFailure(error, logger))
    const parts = new Parts(options, logger)
    try {
      const handler = requestHandler({ answers: parts.collector, events: parts.events, page: pageAnswers(files) })
      parts.server = await HttpServer.listen({ host, port, token, logger, handler })
    } catch (error) {
      await parts.close()
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EADDRINUSE') throw configError(`port: ${port} on ${host} is taken by another program`)
      if (code === 'EACCES') throw configError(`port: ${port} may not be used by this user`)
      if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') throw configError(`host: "${host}" is no address of this machine`)
      throw error
    }
    return new Monitor(parts)
  }

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Where page and API are, with a slash at the end. */
  get url(): string {
    return this.#parts.server!.url
  }

  /** Grows with everything that is kept. */
  get revision(): number {
    return this.#parts.collector.revision
  }

  /** What the page and the API show, without HTTP. */
  get answers(): Collector {
    return this.#parts.collector
  }

  /**
   * Takes a report from this process: `monitor({ to: (report) => collector.take(report) })`. Resolves when it is kept; rejects
   * for what is no report.
   */
  readonly take = async (report: MonitorReport): Promise<void> => {
    await this.#parts.collector.take(checkReport(report))
  }

  /** Answers what is under way, keeps what was taken, and ends. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#parts.close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Everything that is opened and has to be closed, in this order. */
class Parts {
  readonly collector: Collector
  readonly events: EventStream
  readonly #admin: KafkaAdmin | undefined
  readonly #reader: TopicReader | undefined
  readonly #facts: ClusterFactsReader | undefined
  readonly #webhook: Webhook | undefined
  readonly #otlp: OtlpExport | undefined
  readonly #closing = new AbortController()
  readonly #preparing: Promise<void>
  #topicProblems: readonly string[] = []
  server: HttpServer | undefined

  constructor(options: MonitorOptions, logger: Logger) {
    const { store = ':memory:', retention, alerts, webhook, otlp, topic = MONITOR_TOPIC, share = false } = options
    const bootstrapServers = options.bootstrapServers ?? options.kafka?.bootstrapServers
    this.#webhook = webhook === undefined ? undefined : new Webhook(webhook, logger)
    this.collector = new Collector({
      store: new SqliteStore(store),
      retention: { ...defaultRetention, ...retention },
      rules: alerts ?? defaultAlertRules,
      logger,
      source: bootstrapServers === undefined ? 'reports that are posted here, or given in this process' : `topic ${topic}`,
      problems: () => [
        ...this.#topicProblems,
        ...(this.#reader?.problem == null ? [] : [this.#reader.problem]),
        ...(this.#facts?.problems ?? []),
      ],
      sendsAlerts: () => !share || this.#reader?.partitions.includes(0) === true,
      onAlert: (alert) => {
        this.events.alert(alert)
        this.#webhook?.send(alert)
      },
    })
    this.events = new EventStream(() => ({ revision: this.collector.revision, now: this.collector.now() }))
    this.#otlp = otlp === undefined ? undefined : new OtlpExport(this.collector, otlp, logger)
    if (bootstrapServers === undefined) {
      this.#preparing = Promise.resolve()
      return
    }
    const kafka = { ...options.kafka, bootstrapServers }
    this.#admin = new KafkaAdmin({ ...connectionOf(kafka), clientId: kafka.clientId ?? 'sluice-monitor', logger })
    const { createTopic = true, partitions = 1 } = options
    this.#preparing = this.#prepareTopic(topic, createTopic, partitions, [bootstrapServers].flat().join(','))
    this.#reader = new TopicReader(this.collector, { topic, group: share ? GROUP : undefined, kafka, logger })
    const { collector } = this
    this.#facts = new ClusterFactsReader(
      this.#admin,
      () => collector.factsQuestion(),
      (facts) => collector.takeFacts(facts),
      logger,
    )
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#otlp?.close()
    this.events.close()
    await this.server?.close()
    await Promise.all([this.#reader?.close(), this.#facts?.close(), this.#preparing])
    await this.collector.close()
    await this.#webhook?.close()
    await this.#admin?.close()
  }

  /** Until the topic is there, or somebody has to do something about it, which the page then says. */
  async #prepareTopic(topic: string, create: boolean, partitions: number, bootstrapServers: string): Promise<void> {
    const admin = this.#admin!
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        const part = AbortSignal.any([signal, AbortSignal.timeout(CREATE_TIMEOUT_MS)])
        if (create)
          await createReportTopic(admin, topic, partitions, part).catch((error: Error) => this.#notCreated(topic, bootstrapServers, error))
        const { exists, problems } = await checkReportTopic(admin, topic, bootstrapServers, part)
        this.#topicProblems = problems
        if (exists) return
      } catch (error) {
        if (!signal.aborted) this.#topicProblems = [`the cluster does not say whether topic ${topic} is there: ${(error as Error).message}`]
      }
      await pause(CREATE_AGAIN_MS, signal)
    }
  }

  #notCreated(topic: string, bootstrapServers: string, error: Error): void {
    this.#topicProblems = [`topic ${topic} cannot be created (${error.message}): ${createCommand(topic, bootstrapServers)}`]
  }
}

/** The API works without the page; whoever opens it reads why it is not there. */
function pageOfFailure(error: Error, logger: Logger): ReadonlyMap<string, PageFile> {
  logger.error('the web page of the monitor cannot be had; the API works', { error })
  const text =
    'The web page of this monitor cannot be had; its log says why.\n\nThe API works: /api/v1/streams, /api/v1/openapi.json, /metrics\n'
  const plain = Buffer.from(text)
  return new Map([['/', { type: 'text/plain; charset=utf-8', plain, gzip: gzipSync(plain), immutable: false }]])
}

function checkOptions({ port, token, share, store, partitions, ...options }: MonitorOptions, host: string): void {
  if (port !== undefined && (!Number.isInteger(port) || port < 0 || port > 65_535)) {
    throw configError(`port must be a whole number from 0 to 65535, not ${String(port)}`)
  }
  if (partitions !== undefined && (!Number.isInteger(partitions) || partitions < 1)) {
    throw configError(`partitions must be a whole number from 1, not ${String(partitions)}`)
  }
  if (token !== undefined && !/^[\x21-\x7e]{8,}$/.test(token)) {
    throw configError('token must have 8 characters or more, letters, digits and signs without spaces')
  }
  if (token === undefined && !isLoopback(host)) {
    throw configError(`host: "${host}" can be reached from other machines, so a token is needed: set token (or SLUICE_MONITOR_TOKEN)`)
  }
  if (share === true && (store === undefined || store === ':memory:')) {
    throw configError('share: collectors that share a topic need a file that all of them have as their store')
  }
  if (share === true && options.bootstrapServers === undefined && options.kafka?.bootstrapServers === undefined) {
    throw configError('share: there is nothing to share without bootstrapServers')
  }
  for (const [name, url] of [
    ['webhook.url', options.webhook?.url],
    ['otlp.url', options.otlp?.url],
  ] as const) {
    if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
      throw configError(`${name} must be an address that begins with http:// or https://`)
    }
  }
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, delayMs)
    timer.unref()
    signal.addEventListener('abort', end)
  })
}
