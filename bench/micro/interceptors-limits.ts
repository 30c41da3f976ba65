import {
  type ConsumerInterceptor,
  type ConsumerRecord,
  ConsumerRecords,
  type ProducerInterceptor,
  RecordHeaders,
  silentLogger,
} from 'sluice'
import { dedupe, latency, rateLimit } from 'sluice/interceptors'
import { systemClock } from '../../packages/sluice/src/clock.ts'
import { ConsumerStates } from '../../packages/sluice/src/interceptor/consumer-states.ts'
import { ProducerInterceptors } from '../../packages/sluice/src/interceptor/producer-interceptors.ts'
import type { SendContext } from '../../packages/sluice/src/interceptor/send-context.ts'
import type { ProducerRecord } from '../../packages/sluice/src/record/producer-record.ts'
import type { MicroBody, MicroCase } from '../micro-case.ts'

const GROUP = 'interceptors-limits'
/** Records that wait for their acknowledgement. */
const UNDER_WAY = 1024
const POLL = 500
const PLENTY = 1e12

const about = { clientId: 'bench', options: {}, logger: silentLogger, clock: systemClock } as const
const value = Buffer.alloc(100, 'a')
const metadata = { topic: 'orders', partition: 0, offset: 0, timestamp: 0, serializedKeySize: -1, serializedValueSize: 100 }

const passThrough = (): ProducerInterceptor & ConsumerInterceptor => ({
  name: 'pass-through',
  onSend: (record) => record,
  onAcknowledgement() {},
  onConsume: (records) => records,
  handle: (_record, next) => next(),
})

type HeadersOf = (n: number) => RecordHeaders
const noHeaders: HeadersOf = () => new RecordHeaders()
const newId: HeadersOf = (n) => new RecordHeaders().add('id', String(n))

/** A record through the hooks of a producer, its acknowledgement included; more than one that does nothing. */
async function sending(interceptor: ProducerInterceptor, headersOf = noHeaders): Promise<MicroBody> {
  const measured = await walkOf(interceptor, headersOf)
  const without = await walkOf(passThrough(), headersOf)
  return { record: measured.send, baseline: without.send, close: measured.close }
}

async function walkOf(interceptor: ProducerInterceptor, headersOf: HeadersOf) {
  const interceptors = new ProducerInterceptors([interceptor], { ...about, groupId: undefined, side: 'producer' })
  await interceptors.configuring
  // The first record may ask for a budget that the others live on.
  await interceptors.chain.run('onSend', recordOf(noHeaders, 0), interceptors.chain.begin('orders')!)
  const underWay: (SendContext | null)[] = new Array(UNDER_WAY).fill(null)
  return {
    send(n: number): unknown {
      const { chain } = interceptors
      const sent = chain.begin('orders')!
      const outcome = chain.run('onSend', recordOf(headersOf, n), sent)
      const due = underWay[n % UNDER_WAY]!
      underWay[n % UNDER_WAY] = sent
      if (due !== null) due.chain.acknowledge(due, metadata, null)
      return outcome
    },
    close: () => interceptors.close(),
  }
}

function recordOf(headersOf: HeadersOf, n: number): ProducerRecord {
  return { topic: 'orders', partition: undefined, key: null, value, timestamp: undefined, headers: headersOf(n) }
}

/** A record of a poll of 500 and of its commit, more than with an interceptor that does nothing. */
async function consuming(interceptor: ConsumerInterceptor, headersOf = noHeaders): Promise<MicroBody> {
  await interceptor.configure?.({ ...about, groupId: 'bench', side: 'consumer' })
  return { record: pollsOf(interceptor, headersOf), baseline: pollsOf(passThrough(), headersOf), close: () => interceptor.close?.() }
}

function pollsOf(interceptor: ConsumerInterceptor, headersOf: HeadersOf): (n: number) => unknown {
  const states = new ConsumerStates(() => {})
  const context = {
    getState: () => undefined,
    setState: ({ topic, partition, offset }: ConsumerRecord, state: unknown) => states.set(topic, partition, offset, 0, state),
    signal: new AbortController().signal,
  }
  let offset = 0
  return (n) => {
    if (n % POLL !== 0) return undefined
    const outcome = interceptor.onConsume?.(poll(offset, headersOf), context as never)
    offset += POLL
    const at = { topic: 'orders', partition: 0, offset }
    const committed = states.take([at]).map(({ states: [state], ...place }) => ({ ...place, state }))
    interceptor.onCommit?.([at], { committed })
    return outcome
  }
}

function poll(first: number, headersOf: HeadersOf): ConsumerRecords {
  const records: ConsumerRecord[] = []
  const timestamp = Date.now() - 3
  for (let offset = first; offset < first + POLL; offset++) records.push(consumed(offset, timestamp, headersOf))
  return new ConsumerRecords([{ topic: 'orders', partition: 0, records }])
}

function consumed(offset: number, timestamp: number, headersOf: HeadersOf): ConsumerRecord {
  return {
    topic: 'orders',
    partition: 0,
    offset,
    timestamp,
    timestampType: 'CreateTime',
    key: null,
    value,
    headers: headersOf(offset),
    serializedKeySize: -1,
    serializedValueSize: 100,
    leaderEpoch: 0,
  }
}

/** A record through the hook around a handler that does nothing, the turn of the microtask queue included. */
async function handling(interceptor: ConsumerInterceptor): Promise<MicroBody> {
  await interceptor.configure?.({ ...about, groupId: 'bench', side: 'consumer' })
  const record = consumed(0, Date.now(), noHeaders)
  const context = { state: undefined, signal: new AbortController().signal }
  const next = async (): Promise<void> => {}
  return { recordAsync: async () => interceptor.handle!(record, next, context), close: () => interceptor.close?.() }
}

/** What interceptors that measure, limit and remember cost a record, beside the chain. */
export const cases: readonly MicroCase[] = [
  { name: `${GROUP}/latency-send`, about: 'latency by timestamps, on a producer', setUp: () => sending(latency()) },
  {
    name: `${GROUP}/latency-header-send`,
    about: 'latency, the header written on send',
    setUp: () => sending(latency({ from: 'header' })),
  },
  { name: `${GROUP}/latency-poll`, about: 'latency by timestamps, on a consumer', setUp: () => consuming(latency()) },
  { name: `${GROUP}/handler`, about: 'a handler within an interceptor that does nothing', setUp: () => handling(passThrough()) },
  { name: `${GROUP}/latency-handler`, about: 'a handler within latency', setUp: () => handling(latency()) },
  { name: `${GROUP}/dedupe-poll`, about: 'dedupe by a header, in memory, all ids new, committed', setUp: () => consuming(dedupe(), newId) },
  {
    name: `${GROUP}/dedupe-send`,
    about: 'dedupe by a header, in memory, all ids new, acknowledged',
    setUp: () => sending(dedupe(), newId),
  },
  { name: `${GROUP}/rate-limit-send`, about: 'rateLimit with budget, on a producer', setUp: () => sending(rateLimit({ points: PLENTY })) },
  {
    name: `${GROUP}/rate-limit-poll`,
    about: 'rateLimit with budget, on a consumer',
    setUp: () => consuming(rateLimit({ points: PLENTY, durationMs: 3_600_000 })),
  },
]
