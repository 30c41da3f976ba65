import type { Logger } from 'sluice'
import type { MonitorReport } from 'sluice/monitor-report'
import type {
  AlertRow,
  AlertRule,
  AlertsAnswer,
  ClientsAnswer,
  GapKind,
  PartitionsAnswer,
  RangesAnswer,
  SeriesAnswer,
  StatusAnswer,
  StreamsAnswer,
} from '../api-types.ts'
import { AlertEngine } from '../collector/alerts.ts'
import { clientsAnswer, statusAnswer } from '../collector/answers/clients.ts'
import { partitionsAnswer } from '../collector/answers/partitions.ts'
import { rangesAnswer } from '../collector/answers/ranges.ts'
import { seriesAnswer } from '../collector/answers/series.ts'
import { streamsAnswer } from '../collector/answers/streams.ts'
import { MonitorState } from '../collector/monitor-state.ts'
import type { MonitorAnswers, SeriesQuestion, TimeRange } from '../http/monitor-answers.ts'
import type { Retention } from '../store/retention.ts'
import type { SqliteStore } from '../store/sqlite-store.ts'
import type { ClusterFacts, FactsQuestion } from './cluster-facts.ts'
import { ReportKeeper } from './report-keeper.ts'
import type { ReportOffset, ReportSink, TakenReport } from './report-sink.ts'

const EVALUATE_MS = 5000
const MAX_ALERTS = 1000

export interface CollectorOptions {
  readonly store: SqliteStore
  readonly retention: Retention
  readonly rules: readonly AlertRule[]
  readonly logger: Logger
  /** Where reports come from, in words. */
  readonly source: string
  /** What is to be said beside what the collector finds. */
  readonly problems: () => readonly string[]
  /** Of several that have the same store only one keeps and sends alerts. */
  readonly sendsAlerts: () => boolean
  readonly onAlert: (alert: AlertRow) => void
}

/** State and store together: takes reports, keeps them, answers. */
export class Collector implements MonitorAnswers, ReportSink {
  readonly #state = new MonitorState()
  readonly #keeper: ReportKeeper
  readonly #alerts: AlertEngine
  readonly #options: CollectorOptions
  readonly #timer: NodeJS.Timeout

  constructor(options: CollectorOptions) {
    const { store, retention, rules, logger } = options
    this.#options = options
    this.#keeper = new ReportKeeper(store, retention, this.#state, logger)
    this.#alerts = new AlertEngine(rules, this.#keeper.alerts(MAX_ALERTS))
    this.#timer = setInterval(() => this.#evaluate(), EVALUATE_MS)
    this.#timer.unref()
  }

  get revision(): number {
    return this.#state.revision
  }

  now(): number {
    return Date.now()
  }

  take(report: MonitorReport): Promise<void> {
    return this.#keeper.take(report)
  }

  write(reports: readonly TakenReport[], offsets: readonly ReportOffset[]): Promise<void> {
    return this.#keeper.write(reports, offsets)
  }

  offsets(topic: string): readonly ReportOffset[] {
    return this.#keeper.offsets(topic)
  }

  /** Topics and groups that clients told of. */
  factsQuestion(): FactsQuestion {
    const groups = new Set<string>()
    for (const { group } of this.#state.sessions.values()) if (group !== undefined) groups.add(group)
    return { topics: [...this.#state.topics()], groups: [...groups] }
  }

  takeFacts(facts: ClusterFacts): void {
    this.#state.applyFacts(facts)
  }

  streams(range: TimeRange | undefined): StreamsAnswer {
    return streamsAnswer(this.#state, this.now(), range)
  }

  ranges(topic: string, group: string, kind: GapKind | undefined): RangesAnswer | undefined {
    return rangesAnswer(this.#state, this.now(), topic, group, kind)
  }

  series(question: SeriesQuestion): SeriesAnswer | undefined {
    return seriesAnswer(this.#state, this.now(), question)
  }

  partitions(topic: string, group: string): PartitionsAnswer | undefined {
    return partitionsAnswer(this.#state, this.now(), topic, group)
  }

  clients(): ClientsAnswer {
    return clientsAnswer(this.#state, this.now())
  }

  alerts(): AlertsAnswer {
    const { rules, active, history } = this.#alerts
    return { revision: this.revision, rules, active, history }
  }

  status(): StatusAnswer {
    const { source, problems } = this.#options
    const { problem } = this.#keeper
    const answer = statusAnswer(this.#state, this.now(), source, [...problems(), ...(problem === null ? [] : [problem])])
    return { ...answer, reports: this.#keeper.reports }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#keeper.close()
  }

  #evaluate(): void {
    try {
      const changed = this.#alerts.evaluate(this.#state, this.now())
      if (changed.length === 0 || !this.#options.sendsAlerts()) return
      this.#keeper.keepAlerts(changed)
      for (const alert of changed) this.#options.onAlert(alert)
    } catch (error) {
      this.#options.logger.error('alerts cannot be evaluated', { error })
    }
  }
}
