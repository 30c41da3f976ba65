import { systemClock } from '../../packages/sluice/src/clock.ts'
import type { ProducerInterceptor } from '../../packages/sluice/src/interceptor/producer-interceptor.ts'
import { ProducerInterceptors } from '../../packages/sluice/src/interceptor/producer-interceptors.ts'
import type { SendContext } from '../../packages/sluice/src/interceptor/send-context.ts'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import { RecordHeaders } from '../../packages/sluice/src/record/headers.ts'
import type { ProducerRecord } from '../../packages/sluice/src/record/producer-record.ts'
import type { MicroBody, MicroCase } from '../micro-case.ts'

const ROUND = 64
/** Records that wait for their acknowledgement: some batches of them, so that their contexts outlive the youngest garbage. */
const UNDER_WAY = 1024

const metadata = { topic: 'orders', partition: 0, offset: 0, timestamp: 0, serializedKeySize: -1, serializedValueSize: 100 }

/** What the producer does with its chain for each record: begin, run, and much later acknowledge. Against a producer without one. */
function throughChain(list: readonly ProducerInterceptor[]): MicroBody {
  const interceptors = new ProducerInterceptors(list, {
    clientId: 'bench',
    groupId: undefined,
    options: {},
    logger: silentLogger,
    clock: systemClock,
  })
  const records = Array.from(
    { length: ROUND },
    (): ProducerRecord => ({
      topic: 'orders',
      partition: undefined,
      key: null,
      value: Buffer.alloc(100),
      timestamp: undefined,
      headers: new RecordHeaders(),
    }),
  )
  const underWay: (SendContext | null)[] = new Array(UNDER_WAY).fill(null)
  const none: (SendContext | null)[] = new Array(UNDER_WAY).fill(null)
  return {
    record(n) {
      const record = records[n % ROUND]!
      const { chain } = interceptors
      const context = chain.begin(record.topic)
      const outcome = context === null ? record : chain.run('onSend', record, context)
      const due = underWay[n % UNDER_WAY]!
      underWay[n % UNDER_WAY] = context
      if (due !== null) due.chain.acknowledge(due, metadata, null)
      return outcome
    },
    baseline(n) {
      const record = records[n % ROUND]!
      const due = none[n % UNDER_WAY]!
      none[n % UNDER_WAY] = null
      if (due !== null) throw new Error('never: nothing is acknowledged without a chain')
      return record
    },
    close: () => interceptors.close(),
  }
}

const passThrough: ProducerInterceptor = { name: 'pass-through', onSend: (record) => record, onAcknowledgement() {} }

/** What interceptors cost a producer, beside what they do themselves. */
export const cases: readonly MicroCase[] = [
  { name: 'chain/empty', about: 'a producer without interceptors, more than one that cannot have any', setUp: () => throughChain([]) },
  {
    name: 'chain/one',
    about: 'one synchronous pass-through interceptor, its acknowledgement included',
    setUp: () => throughChain([passThrough]),
  },
]
