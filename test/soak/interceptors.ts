// npm run soak [-- --minutes N] [--rate N]: a producer and a consumer on the embedded broker, with interceptors that keep
// state, drop, emit, dead-letter and give promises, on both sides, replaced every second. Every record is counted; the
// heap is measured after a full collection. Ends with 1 when a count is wrong, an interceptor was told twice or never, or
// the heap grows.
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { DevBroker } from '@sluice/devbroker'
import {
  type ConsumerInterceptor,
  deadLetter,
  drop,
  emit,
  KafkaConsumer,
  KafkaProducer,
  type Logger,
  type ProducerInterceptor,
  type ProducerRecord,
  stringDeserializer,
  stringSerializer,
} from 'sluice'

const { values: flags } = parseArgs({ options: { minutes: { type: 'string', default: '60' }, rate: { type: 'string', default: '2000' } } })
const durationMs = Number(flags.minutes) * 60_000
const ratePerSecond = Number(flags.rate)

const TOPIC = 'soak'
const DLQ = 'soak.dlq'
const TICK_MS = 20
const REPLACE_MS = 1000
/** So far the consumer may be behind; the broker keeps no more. */
const MAX_BEHIND = 5000
const SAMPLES = 40
/** What the heap of the last samples may have more than that of the first. */
const MAX_GROWTH = 0.1

const { gc } = globalThis
if (gc === undefined) throw new Error('run it with node --expose-gc')
const startedAt = performance.now()
const problems: string[] = []
process.on('unhandledRejection', (reason) => problem(`unhandled rejection: ${reason}`))

function say(text: string): void {
  process.stdout.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${text}\n`)
}

function problem(text: string): void {
  if (problems.length < 20) say(`problem: ${text}`)
  problems.push(text)
}

// What becomes of record n is known from n.
const isDropped = (n: number): boolean => n % 10 === 1
const isDoubled = (n: number): boolean => n % 10 === 2
const isDeadLetter = (n: number): boolean => n % 10 === 3
const isLate = (n: number): boolean => n % 16 === 5
const isDroppedByConsumer = (n: number): boolean => n % 10 === 4
const isDeadLetterOfConsumer = (n: number): boolean => n % 100 === 15
const isSkipped = (n: number): boolean => n % 10 === 6

/** What one interceptor, of those that come and go, was told. */
interface Told {
  entered: number
  left: number
  closed: number
}

const total = { generations: 0, entered: 0, left: 0, committed: 0, states: 0 }

function account(told: Told, name: string): void {
  told.closed++
  total.entered += told.entered
  total.left += told.left
  if (told.closed !== 1) problem(`${name} was closed ${told.closed} times`)
  if (told.entered !== told.left) problem(`${name} was closed with ${told.entered} records entered and ${told.left} acknowledged`)
}

type Strings = ProducerRecord<string, string>

function producerChain(): ProducerInterceptor<string, string>[] {
  total.generations++
  const told: Told = { entered: 0, left: 0, closed: 0 }
  const first: ProducerInterceptor<string, string, { readonly n: string | null }> = {
    name: 'counts',
    onSend(record, context) {
      told.entered++
      context.state = { n: record.value }
      record.headers.set('soak', 'x')
      return record
    },
    onAcknowledgement(_metadata, _error, headers, context) {
      told.left++
      if (context.state === undefined) problem('a record was acknowledged without its state')
      if (headers.size > 0 && !headers.has('soak')) problem('headers at the acknowledgement are not those of the record')
    },
    close: () => account(told, 'counts'),
  }
  const decides: ProducerInterceptor<string, string> = {
    name: 'decides',
    onSend(record) {
      const n = Number(record.value)
      if (isDropped(n)) return drop('unwanted')
      if (isDoubled(n)) return emit([{}, { value: `${n} again` }])
      if (isDeadLetter(n)) return deadLetter(new Error('not today'))
      return record
    },
  }
  const late: ProducerInterceptor<string, string, object> = {
    name: 'late',
    onSend: (record: Strings, context) => (isLate(Number(record.value)) ? soon(record, () => (context.state = {})) : record),
    onSerialized: (record) => (isLate(Number(record.value)) ? soon(record) : record),
    onAcknowledgement(_metadata, error) {
      if (error !== null) problem(`a send failed: ${error.message}`)
    },
  }
  return [first, decides, late]
}

async function soon<T>(record: T, then: () => unknown = () => {}): Promise<T> {
  await new Promise(setImmediate)
  then()
  return record
}

const handled = { records: 0, again: 0, sum: 0 }

function consumerChain(): ConsumerInterceptor<string, string>[] {
  total.generations++
  let closed = 0
  const keeps: ConsumerInterceptor<string, string, { readonly at: number }> = {
    name: 'keeps',
    onFetched(record, context) {
      context.state = { at: record.offset }
      return isLate(record.offset) ? soon(record) : record
    },
    async handle(record, next, context) {
      if (context.state?.at !== record.offset) problem('the state in handle is not that of onFetched')
      await next()
    },
    onCommit(_offsets, { committed }) {
      total.committed += committed.length
      for (const { offset, state } of committed) if (state.at !== offset) problem('the state in onCommit is not that of onFetched')
    },
    close() {
      if (++closed > 1) problem('keeps was closed twice')
    },
  }
  const decides: ConsumerInterceptor<string, string> = {
    name: 'decides',
    onConsume: (records) =>
      records.map((record) => {
        const n = Number(record.value)
        if (isDroppedByConsumer(n)) return drop('unwanted')
        return isDeadLetterOfConsumer(n) ? deadLetter(new Error('poison')) : record
      }),
    async handle(record, next) {
      if (!isSkipped(Number(record.value))) await next()
    },
  }
  return [keeps, decides]
}

const quiet: Logger = { debug() {}, info() {}, warn: (text) => problem(`warning: ${text}`), error: (text) => problem(`error: ${text}`) }
// Little, for the broker lives in the same heap: its log must be full by the end of the warm-up.
const configs = { 'retention.bytes': 500_000 }
await using broker = await DevBroker.start({
  topics: { [TOPIC]: { partitions: 4, configs }, [DLQ]: { partitions: 1, configs } },
  journalSize: 0,
})
const { bootstrapServers } = broker
const producer = new KafkaProducer(
  { bootstrapServers, lingerMs: 5, keySerializer: stringSerializer, valueSerializer: stringSerializer, logger: quiet },
  producerChain(),
)
const consumer = new KafkaConsumer(
  {
    bootstrapServers,
    groupId: 'soak',
    autoOffsetReset: 'earliest',
    autoCommitIntervalMs: 500,
    keyDeserializer: stringDeserializer,
    valueDeserializer: stringDeserializer,
    logger: quiet,
  },
  consumerChain(),
)
consumer.subscribe([TOPIC])
const running = consumer.run({
  concurrency: 4,
  eachRecord({ value }) {
    if (value?.endsWith(' again')) handled.again++
    else {
      handled.records++
      handled.sum += Number(value)
    }
  },
})
running.catch((error: Error) => problem(`run ended: ${error.message}`))

const expected = { records: 0, again: 0, sum: 0, letters: 0, dropped: 0, written: 0 }
const ended = { sends: 0, dropped: 0, deadLettered: 0 }
let sends = 0

function send(): void {
  const n = sends++
  if (isDropped(n)) expected.dropped++
  else if (isDeadLetter(n)) expected.letters++
  else {
    expected.written++
    if (isDoubled(n)) {
      expected.written++
      expected.again++
    }
    if (isDeadLetterOfConsumer(n)) expected.letters++
    else if (!isDroppedByConsumer(n) && !isSkipped(n)) {
      expected.records++
      expected.sum += n
    }
  }
  let settled = 0
  const end = (metadata: { readonly dropped?: string; readonly deadLettered?: string }): void => {
    if (++settled > 1) problem(`send ${n} ended twice`)
    ended.sends++
    if (metadata.dropped !== undefined) ended.dropped++
    if (metadata.deadLettered !== undefined) ended.deadLettered++
  }
  const record = { topic: TOPIC, key: String(n % 64), value: String(n) }
  if (n % 3 === 0) producer.send(record, (metadata, error) => (error === null ? end(metadata) : problem(`send failed: ${error.message}`)))
  else producer.send(record).then(end, (error: Error) => problem(`send failed: ${error.message}`))
}

const heaps: number[] = []
const pending = (): number => (producer.interceptors as unknown as { readonly chain: { readonly pending: number } }).chain.pending
const behind = (): number => expected.records + expected.again - handled.records - handled.again

async function settled(): Promise<void> {
  await producer.flush()
  for (let wait = 0; wait < 500 && (behind() > 0 || pending() > 0); wait++) await delay(20)
}

const endAt = startedAt + durationMs
let nextReplace = startedAt + REPLACE_MS
let nextSample = startedAt
let budget = 0
let replacing: Promise<unknown> = Promise.resolve()
for (let now = startedAt, last = startedAt; now < endAt; last = now, now = performance.now()) {
  budget = Math.min(budget + ((now - last) * ratePerSecond) / 1000, ratePerSecond)
  for (; budget >= 1 && behind() + sends - ended.sends < MAX_BEHIND; budget--) send()
  if (now >= nextReplace) {
    nextReplace += REPLACE_MS
    replacing = Promise.all([producer.interceptors.replace(producerChain()), consumer.interceptors.replace(consumerChain())])
  }
  if (now >= nextSample) {
    nextSample += durationMs / SAMPLES
    await settled()
    await gc({ type: 'major', execution: 'async' })
    heaps.push(process.memoryUsage().heapUsed / 2 ** 20)
    say(`${sends} sent, ${handled.records + handled.again} handled, ${total.generations} lists, heap ${heaps.at(-1)!.toFixed(2)} MiB`)
  }
  await delay(TICK_MS)
}
await replacing
await settled()
if (pending() !== 0) problem(`${pending()} records of the producer's chain are pending`)
await producer.close()
const letters = broker.endOffsets(DLQ).reduce((sum, offset) => sum + offset, 0)
const written = broker.endOffsets(TOPIC).reduce((sum, offset) => sum + offset, 0)
await consumer.close()
await running

function same(what: string, found: number, wanted: number): void {
  if (found !== wanted) problem(`${what}: ${found}, not ${wanted}`)
}
same('sends that ended', ended.sends, sends)
same('dropped', ended.dropped, expected.dropped)
same('records in the topic', written, expected.written)
same('dead letters', letters, expected.letters)
same('handled', handled.records, expected.records)
same('handled of those emitted', handled.again, expected.again)
same('sum of what was handled', handled.sum, expected.sum)
same('acknowledged', total.left, sends)
same('states told to onCommit', total.committed, expected.written)

const mean = (of: readonly number[]): number => of.reduce((sum, one) => sum + one, 0) / of.length
// The first quarter is the warm-up: code is compiled, pools fill.
const [early, late] = [heaps.slice(heaps.length / 4, heaps.length / 2), heaps.slice(-heaps.length / 4)].map(mean) as [number, number]
const growth = late / early - 1
if (growth > MAX_GROWTH) problem(`the heap grew by ${(growth * 100).toFixed(1)} %`)
say(
  JSON.stringify({
    minutes: Number(flags.minutes),
    sends,
    lists: total.generations,
    handled: handled.records + handled.again,
    deadLetters: letters,
    heapMiB: { early: Number(early.toFixed(2)), late: Number(late.toFixed(2)) },
    problems: problems.length,
  }),
)
process.exitCode = problems.length === 0 ? 0 : 1
