// Runs records through a synchronous chain and prints what each took from the heap, and how many promises there were:
// `node --expose-gc --min-semi-space-size=64 --max-semi-space-size=64 chain-cost.ts INTERCEPTORS`. One JSON line.
import { createHook } from 'node:async_hooks'
import { systemClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { RecordHeaders } from '../../record/headers.ts'
import type { ProducerRecord } from '../../record/producer-record.ts'
import type { ProducerInterceptor } from '../producer-interceptor.ts'
import { ProducerInterceptors } from '../producer-interceptors.ts'
import type { SendContext } from '../send-context.ts'

/** Several rounds of as many as a young generation of 64 MB takes without a collection. */
const ROUNDS = 10
const RECORDS = 100_000

const hook = (name: string): ProducerInterceptor => ({ name, onSend: (record) => record, onAcknowledgement() {} })
const interceptors = new ProducerInterceptors(
  Array.from({ length: Number(process.argv[2]) }, (_, n) => hook(`interceptor-${n}`)),
  { clientId: 'cost', groupId: undefined, options: {}, logger: silentLogger, clock: systemClock },
)
const record: ProducerRecord = {
  topic: 'orders',
  partition: undefined,
  key: null,
  value: Buffer.alloc(100),
  timestamp: undefined,
  headers: new RecordHeaders(),
}
const metadata = { topic: 'orders', partition: 0, offset: 0, timestamp: 0, serializedKeySize: -1, serializedValueSize: 100 }
/** They wait here for their acknowledgement, as in batches; what does not escape is not allocated at all. */
const underWay: (SendContext | null)[] = new Array(RECORDS).fill(null)

function sendAll(): void {
  for (let n = 0; n < RECORDS; n++) {
    const context = interceptors.chain.begin(record.topic)
    if (context !== null && interceptors.chain.run('onSend', record, context) !== record) throw new Error('the chain changed the record')
    underWay[n] = context
  }
}

function acknowledgeAll(): void {
  for (let n = 0; n < RECORDS; n++) {
    const context = underWay[n]!
    if (context !== null) context.chain.acknowledge(context, metadata, null)
    underWay[n] = null
  }
}

let promises = 0
const counting = createHook({
  init(_id, type) {
    if (type === 'PROMISE') promises++
  },
})

function measure(): number {
  globalThis.gc!()
  const before = process.memoryUsage().heapUsed
  sendAll()
  acknowledgeAll()
  return (process.memoryUsage().heapUsed - before) / RECORDS
}

for (let round = 0; round < ROUNDS; round++) measure()
// The median, as a function that is compiled meanwhile counts too.
const bytesPerRecord = Array.from({ length: ROUNDS }, measure).sort((a, b) => a - b)[ROUNDS / 2]!
counting.enable()
void Promise.resolve()
const seenAtAll = promises
sendAll()
acknowledgeAll()
counting.disable()
process.stdout.write(`${JSON.stringify({ bytesPerRecord, promises: promises - seenAtAll, hookWorks: seenAtAll === 1 })}\n`)
