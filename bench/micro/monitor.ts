import {
  type ConsumerInterceptor,
  type ConsumerRecord,
  ConsumerRecords,
  type ProducerInterceptor,
  RecordHeaders,
  silentLogger,
} from 'sluice'
import { monitor } from 'sluice/interceptors'
import { systemClock } from '../../packages/sluice/src/clock.ts'
import { ProducerInterceptors } from '../../packages/sluice/src/interceptor/producer-interceptors.ts'
import type { SendContext } from '../../packages/sluice/src/interceptor/send-context.ts'
import type { ProducerRecord } from '../../packages/sluice/src/record/producer-record.ts'
import type { MicroBody, MicroCase } from '../micro-case.ts'

/** Records that wait for their acknowledgement. */
const UNDER_WAY = 1024
const POLL = 500
const PARTITIONS = 6

const about = { clientId: 'bench', options: {}, logger: silentLogger, clock: systemClock } as const
const value = Buffer.alloc(100, 'a')
const passThrough = (): ProducerInterceptor & ConsumerInterceptor => ({
  name: 'pass-through',
  onSend: (record) => record,
  onAcknowledgement() {},
  onConsume: (records) => records,
})

/** A record through the hooks of a producer with one interceptor; acknowledged in batches of one partition, as brokers do. */
async function sending(interceptor: ProducerInterceptor): Promise<(n: number) => unknown> {
  const interceptors = new ProducerInterceptors([interceptor], { ...about, groupId: undefined, side: 'producer' })
  await interceptors.configuring
  const underWay: (SendContext | null)[] = new Array(UNDER_WAY).fill(null)
  const startedAt = Date.now()
  return (n) => {
    const { chain } = interceptors
    const record: ProducerRecord = {
      topic: 'orders',
      partition: undefined,
      key: null,
      value,
      timestamp: undefined,
      headers: new RecordHeaders(),
    }
    const sent = chain.begin('orders')!
    const outcome = chain.run('onSend', record, sent)
    const due = underWay[n % UNDER_WAY]!
    underWay[n % UNDER_WAY] = sent
    if (due !== null) {
      const partition = Math.floor(n / 100) % PARTITIONS
      const timestamp = startedAt + Math.floor(n / 500)
      due.chain.acknowledge(
        due,
        { topic: 'orders', partition, offset: n, timestamp, serializedKeySize: -1, serializedValueSize: 100 },
        null,
      )
    }
    return outcome
  }
}

/** A record of a poll of 500 from six partitions. */
async function polling(interceptor: ConsumerInterceptor): Promise<(n: number) => unknown> {
  await interceptor.configure?.({ ...about, groupId: 'bench', side: 'consumer' })
  const context = { getState: () => undefined, setState() {}, signal: new AbortController().signal }
  const startedAt = Date.now()
  let offset = 0
  const poll = (n: number): ConsumerRecords => {
    const timestamp = startedAt + Math.floor(n / 500)
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => {
      const records: ConsumerRecord[] = []
      for (let index = 0; index < POLL / PARTITIONS; index++) {
        records.push({
          topic: 'orders',
          partition,
          offset: offset + index,
          timestamp,
          timestampType: 'CreateTime',
          key: null,
          value,
          headers: new RecordHeaders(),
          serializedKeySize: -1,
          serializedValueSize: 100,
          leaderEpoch: 0,
        })
      }
      return { topic: 'orders', partition, records }
    })
    offset += Math.ceil(POLL / PARTITIONS)
    return new ConsumerRecords(
      partitions,
      partitions.map(({ topic, partition }) => ({ topic, partition, offset })),
    )
  }
  return (n) => (n % POLL === 0 ? interceptor.onConsume?.(poll(n), context) : undefined)
}

async function compared(
  make: (interceptor: ProducerInterceptor & ConsumerInterceptor) => Promise<(n: number) => unknown>,
  sequence: boolean,
): Promise<MicroBody> {
  const monitored = monitor({ to: () => {}, sequence })
  return { record: await make(monitored), baseline: await make(passThrough()), close: () => monitored.close?.() }
}

/** What the monitor adds to a record, compared with an interceptor in its place that does nothing. */
export const cases: readonly MicroCase[] = [
  { name: 'monitor/send', about: 'a producer with the monitor', setUp: () => compared(sending, false) },
  { name: 'monitor/send-sequence', about: 'the same with a number for each record in a header', setUp: () => compared(sending, true) },
  { name: 'monitor/poll', about: 'a consumer with the monitor', setUp: () => compared(polling, false) },
]
