import { isKafkaError } from 'sluice'
import type { CounterCell, HistogramCell, Labels, MetricsBackend } from './metric-table.ts'

/** The values one label may have within a series: codes of errors and reasons of drops, which are meant to be few. */
const MAX_VALUES = 50
const ERROR_TYPE = 'error.type'
/** What the conventions have for errors that are not told apart. */
const OTHER_ERROR = '_OTHER'

/** What is measured for one combination of labels of a producer. */
export class SendSeries {
  readonly started: CounterCell
  readonly #sent: CounterCell
  readonly #duration: HistogramCell
  readonly #deadLettered: CounterCell
  readonly #failed: ByValue<{ readonly sent: CounterCell; readonly duration: HistogramCell }>
  readonly #dropped: ByValue<CounterCell>

  constructor(backend: MetricsBackend, chosen: Labels) {
    const labels = { ...chosen, 'messaging.system': 'kafka', 'messaging.operation.name': 'send' }
    const timed = { ...labels, 'messaging.operation.type': 'send' }
    this.started = backend.counter('started', labels)
    this.#sent = backend.counter('sent', labels)
    this.#duration = backend.histogram('sendDuration', timed)
    this.#deadLettered = backend.counter('deadLettered', labels)
    this.#failed = new ByValue(OTHER_ERROR, (type) => ({
      sent: backend.counter('sent', { ...labels, [ERROR_TYPE]: type }),
      duration: backend.histogram('sendDuration', { ...timed, [ERROR_TYPE]: type }),
    }))
    this.#dropped = new ByValue('other', (reason) => backend.counter('dropped', { ...labels, reason }))
  }

  /** `seconds` is undefined when the record did not come as far as the interceptor. */
  acknowledged(seconds: number | undefined): void {
    this.#sent.value++
    if (seconds !== undefined) this.#duration.record(seconds)
  }

  failed(error: unknown, seconds: number | undefined): void {
    const { sent, duration } = this.#failed.get(errorType(error))
    sent.value++
    if (seconds !== undefined) duration.record(seconds)
  }

  dropped(reason: string): void {
    this.#dropped.get(reason).value++
  }

  deadLettered(): void {
    this.#deadLettered.value++
  }
}

/** What is measured for one combination of labels of a consumer. */
export class ConsumeSeries {
  readonly consumed: CounterCell
  readonly endToEnd: HistogramCell
  readonly processed: HistogramCell
  readonly #failed: ByValue<HistogramCell>

  constructor(backend: MetricsBackend, chosen: Labels) {
    const labels = { ...chosen, 'messaging.system': 'kafka' }
    const processing = { ...labels, 'messaging.operation.name': 'process' }
    this.consumed = backend.counter('consumed', { ...labels, 'messaging.operation.name': 'poll' })
    this.endToEnd = backend.histogram('endToEnd', { ...labels, 'messaging.operation.name': 'poll' })
    this.processed = backend.histogram('processDuration', processing)
    this.#failed = new ByValue(OTHER_ERROR, (type) => backend.histogram('processDuration', { ...processing, [ERROR_TYPE]: type }))
  }

  failed(error: unknown): HistogramCell {
    return this.#failed.get(errorType(error))
  }
}

export interface SeriesTableOptions<S> {
  readonly maxSeries: number
  /** Whether partitions are told apart. */
  readonly byPartition: boolean
  /** Makes what was not there yet. */
  readonly make: (topic: string, partition: string) => S
  /** Called once, when there are more than `maxSeries`. */
  readonly onFull: () => void
}

/** Series by topic, and partition if asked for; those beyond the limit are one. */
export class SeriesTable<S> {
  readonly #options: SeriesTableOptions<S>
  readonly #byName = new Map<string, S>()
  #other: S | undefined
  #lastTopic: string | undefined
  #lastPartition = -1
  #last: S | undefined

  constructor(options: SeriesTableOptions<S>) {
    this.#options = options
  }

  get(topic: string, partition: number): S {
    const { byPartition } = this.#options
    if (topic === this.#lastTopic && (!byPartition || partition === this.#lastPartition)) return this.#last!
    this.#lastTopic = topic
    this.#lastPartition = partition
    return (this.#last = this.#find(topic, byPartition && partition >= 0 ? String(partition) : ''))
  }

  #find(topic: string, partition: string): S {
    const { maxSeries, make, onFull } = this.#options
    const name = `${partition} ${topic}`
    let series = this.#byName.get(name)
    if (series !== undefined) return series
    if (this.#byName.size >= maxSeries) {
      if (this.#other !== undefined) return this.#other
      onFull()
      return (this.#other = make('other', partition === '' ? '' : 'other'))
    }
    this.#byName.set(name, (series = make(topic, partition)))
    return series
  }
}

class ByValue<C> {
  readonly #other: string
  readonly #make: (value: string) => C
  readonly #cells = new Map<string, C>()

  constructor(other: string, make: (value: string) => C) {
    this.#other = other
    this.#make = make
  }

  get(value: string): C {
    const name = this.#cells.has(value) || this.#cells.size < MAX_VALUES ? value : this.#other
    let cell = this.#cells.get(name)
    if (cell === undefined) this.#cells.set(name, (cell = this.#make(name)))
    return cell
  }
}

function errorType(error: unknown): string {
  if (isKafkaError(error)) return error.code
  return error instanceof Error ? error.name : OTHER_ERROR
}
