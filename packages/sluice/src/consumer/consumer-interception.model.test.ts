import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import type { OnError } from '../interceptor/interceptor-context.ts'
import { deadLetter, drop, emit, reject, type Verdict } from '../record/verdict.ts'
import type { KafkaConsumer } from './consumer.ts'
import { LogCluster } from './testing/log-cluster.ts'

const PARTITIONS = 2
const RECORDS = 10

const behaviours = ['keep', 'keep', 'keep', 'drop', 'reject', 'dead', 'emit', 'throw'] as const
type Behaviour = (typeof behaviours)[number]

interface Plan {
  readonly onError: OnError
  readonly isSlow: boolean
  /** What it does with each record, by partition and offset, in each of its hooks. */
  readonly onFetched: readonly (readonly Behaviour[])[] | null
  readonly onConsume: readonly (readonly Behaviour[])[] | null
  readonly handle: readonly (readonly Behaviour[])[] | null
}

interface Outcome {
  readonly kind: 'delivered' | 'dropped' | 'dead' | 'rejected'
  /** How many records the application gets for it. */
  readonly copies: number
}

const at = (partition: number, offset: number): string => `${partition}@${offset}`

function act(behaviour: Behaviour, where: string): Verdict | null {
  switch (behaviour) {
    case 'keep':
      return null
    case 'drop':
      return drop('planned')
    case 'reject':
      return reject(new Error(where))
    case 'dead':
      return deadLetter(new Error(where))
    case 'emit':
      return emit([{}, {}])
    case 'throw':
      throw new Error(where)
  }
}

function interceptorOf(plan: Plan, name: string): ConsumerInterceptor<string, string> {
  const later = async <T>(value: () => T, turns: number): Promise<T> => {
    for (let turn = turns % 4; turn > 0; turn--) await new Promise(setImmediate)
    return value()
  }
  const { onError, isSlow, onFetched, onConsume, handle } = plan
  return {
    name,
    onError,
    ...(onFetched && {
      onFetched(record) {
        const { partition, offset } = record
        const decide = () => act(onFetched[partition]![offset]!, at(partition, offset)) ?? record
        return isSlow ? later(decide, offset * 3) : decide()
      },
    }),
    ...(onConsume && {
      onConsume(records) {
        const decide = () =>
          records.map((record) => {
            const behaviour = onConsume[record.partition]![record.offset]!
            // Here a throw is about the whole batch, which the other tests are about.
            return (behaviour === 'throw' ? null : act(behaviour, at(record.partition, record.offset))) ?? record
          })
        return isSlow ? later(decide, records.count) : decide()
      },
    }),
    ...(handle && {
      async handle({ partition, offset }, next) {
        if (isSlow) await later(() => {}, offset)
        const verdict = act(handle[partition]![offset]!, at(partition, offset))
        if (verdict === null) await next()
        return verdict ?? undefined
      },
    }),
  }
}

/** What must become of a record. */
function expected(plans: readonly Plan[], isRun: boolean, partition: number, offset: number): Outcome {
  let copies = 1
  const stages = isRun ? (['onFetched', 'onConsume', 'handle'] as const) : (['onFetched', 'onConsume'] as const)
  for (const stage of stages) {
    for (const plan of plans) {
      const behaviour = plan[stage]?.[partition]?.[offset] ?? 'keep'
      const isThrow = behaviour === 'throw' && stage !== 'onConsume'
      if (behaviour === 'drop') return { kind: 'dropped', copies: 0 }
      if (behaviour === 'reject' || (isThrow && plan.onError === 'fail')) return { kind: 'rejected', copies: 0 }
      if (behaviour === 'dead' || (isThrow && plan.onError === 'deadLetter')) return { kind: 'dead', copies: 0 }
      if (behaviour === 'emit') copies *= 2
    }
  }
  return { kind: 'delivered', copies }
}

class Observed {
  readonly delivered: number[][] = Array.from({ length: PARTITIONS }, () => [])
  readonly rejected = new Set<string>()
  readonly #cluster: LogCluster
  readonly #plans: readonly Plan[]
  readonly #isRun: boolean

  constructor(cluster: LogCluster, plans: readonly Plan[], isRun: boolean) {
    this.#cluster = cluster
    this.#plans = plans
    this.#isRun = isRun
  }

  /** Where the error arose, which is then sought past. */
  skip(consumer: KafkaConsumer<string, string>, error: unknown): void {
    const { message, cause } = error as Error
    const [, partition, offset] =
      /^(\d+)@(\d+)$/.exec(cause instanceof Error ? cause.message : message) ?? assert.fail(`not expected: ${error}`)
    const where = at(Number(partition), Number(offset))
    assert.ok(!this.rejected.has(where), `${where} was rejected twice`)
    this.rejected.add(where)
    consumer.seek({ topic: 't', partition: Number(partition) }, Number(offset) + 1)
  }

  letters(): string[] {
    return this.#cluster.letters.map(({ headers }) => at(Number(headers['dead-letter.partition']), Number(headers['dead-letter.offset'])))
  }

  /** Nothing is committed that did not come to its end. */
  checkCommitted(): void {
    const letters = new Set(this.letters())
    for (let partition = 0; partition < PARTITIONS; partition++) {
      for (let offset = 0; offset < (this.#cluster.committed(partition) ?? 0); offset++) {
        const { kind } = expected(this.#plans, this.#isRun, partition, offset)
        const where = at(partition, offset)
        if (kind === 'delivered') assert.ok(this.delivered[partition]!.includes(offset), `${where} is committed and was not delivered`)
        if (kind === 'dead') assert.ok(letters.has(where), `${where} is committed and was not dead-lettered`)
        if (kind === 'rejected') assert.ok(this.rejected.has(where), `${where} is committed and was rejected`)
      }
    }
  }

  check(): void {
    const delivered: number[][] = []
    const rejected: string[] = []
    const dead: string[] = []
    for (let partition = 0; partition < PARTITIONS; partition++) {
      delivered.push([])
      for (let offset = 0; offset < RECORDS; offset++) {
        const { kind, copies } = expected(this.#plans, this.#isRun, partition, offset)
        for (let copy = 0; copy < copies; copy++) delivered[partition]!.push(offset)
        if (kind === 'rejected') rejected.push(at(partition, offset))
        if (kind === 'dead') dead.push(at(partition, offset))
      }
    }
    assert.deepEqual(this.delivered, delivered)
    assert.deepEqual([...this.rejected].sort(), rejected.sort())
    // What a run that failed had polled and not handled comes again, and with it the letters among it.
    const letters = this.#isRun ? [...new Set(this.letters())] : this.letters()
    assert.deepEqual(letters.sort(), dead.sort())
  }
}

async function pollAll(consumer: KafkaConsumer<string, string>, observed: Observed): Promise<void> {
  while (!(await isThrough(consumer))) {
    try {
      for (const { partition, offset } of await consumer.poll({ timeoutMs: 5 })) observed.delivered[partition]!.push(offset)
    } catch (error) {
      observed.skip(consumer, error)
    }
    await consumer.commit()
    observed.checkCommitted()
  }
}

async function runAll(consumer: KafkaConsumer<string, string>, observed: Observed): Promise<void> {
  while (!(await isThrough(consumer))) {
    const stop = new AbortController()
    const watch = setInterval(() => {
      void isThrough(consumer).then((through) => through && stop.abort())
    }, 1)
    try {
      await consumer.run({
        signal: stop.signal,
        concurrency: 2,
        eachRecord: ({ partition, offset }) => void observed.delivered[partition]!.push(offset),
      })
    } catch (error) {
      observed.skip(consumer, error)
    } finally {
      clearInterval(watch)
    }
    await consumer.commit()
    observed.checkCommitted()
  }
}

async function isThrough(consumer: KafkaConsumer<string, string>): Promise<boolean> {
  const assigned = consumer.assignment()
  if (assigned.length < PARTITIONS) return false
  for (const partition of assigned) if ((await consumer.position(partition)) < RECORDS) return false
  return true
}

const rows = fc.array(fc.array(fc.constantFrom(...behaviours), { minLength: RECORDS, maxLength: RECORDS }), {
  minLength: PARTITIONS,
  maxLength: PARTITIONS,
})
const plans = fc.array(
  fc.record<Plan>({
    onError: fc.constantFrom<OnError>('continue', 'fail', 'deadLetter'),
    isSlow: fc.boolean(),
    onFetched: fc.option(rows),
    onConsume: fc.option(rows),
    handle: fc.option(rows),
  }),
  { minLength: 1, maxLength: 3 },
)

/** Under `run` an error of one partition may come between two records that stand for one: both come again. */
function withoutCopies(plan: Plan): Plan {
  const plain = (planned: Plan['onFetched']): Plan['onFetched'] =>
    planned === null ? null : planned.map((row) => row.map((behaviour) => (behaviour === 'emit' ? 'keep' : behaviour)))
  return { ...plan, onFetched: plain(plan.onFetched), onConsume: plain(plan.onConsume) }
}

for (const how of ['poll', 'run'] as const) {
  test(`interception - by ${how} every record is delivered, dropped, dead-lettered or rejected: one of these, once, in order`, async () => {
    await fc.assert(
      fc.asyncProperty(
        plans,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        async (planned, maxPollRecords, interceptorConcurrency) => {
          const values = Array.from({ length: RECORDS }, (_, offset) => `${offset}`)
          const cluster = new LogCluster([values, values])
          const chain = how === 'run' ? planned.map(withoutCopies) : planned
          const interceptors = chain.map((plan, index) => interceptorOf(plan, `${index}`))
          const consumer = cluster.assigned({ maxPollRecords, interceptorConcurrency }, interceptors)
          const observed = new Observed(cluster, chain, how === 'run')
          await (how === 'poll' ? pollAll : runAll)(consumer, observed)
          await consumer.close()
          observed.checkCommitted()
          observed.check()
        },
      ),
      { numRuns: 60 },
    )
  })
}
