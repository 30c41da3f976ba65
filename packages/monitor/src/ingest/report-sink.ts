import type { MonitorReport } from 'sluice/monitor-report'

/** A report and when it came. */
export interface TakenReport {
  readonly report: MonitorReport
  /** Milliseconds since 1970: of the broker's clock where `byBroker` is true, else of this process. */
  readonly receivedAt: number
  /** Only then does the time tell anything about the client's clock. */
  readonly byBroker: boolean
}

/** Where reading a partition of the report topic goes on. */
export interface ReportOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** What keeps reports. Everything of one call is kept, or nothing of it. */
export interface ReportSink {
  write(reports: readonly TakenReport[], offsets: readonly ReportOffset[]): Promise<void>
  offsets(topic: string): readonly ReportOffset[]
}
