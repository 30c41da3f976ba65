import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bufferDeserializer, bufferSerializer, KafkaConsumer, KafkaProducer, stringDeserializer, stringSerializer } from 'sluice'
import { testCluster } from '../support/test-cluster.ts'

const RECORDS = Number(process.env.SLUICE_RECORDS ?? 1_000_000)
const KEYS = 997
const PARTITIONS = 6
const MAX_UNDERWAY = 20_000

/** Record n's value: n itself, then bytes that follow from n, 24 to 151 in all. */
function contentOf(n: number): Buffer {
  const value = Buffer.allocUnsafe(24 + (n % 128))
  value.writeUInt32BE(n, 0)
  let state = (n * 2654435761 + 1) >>> 0
  for (let i = 4; i < value.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    value[i] = state >>> 24
  }
  return value
}

/** What all consumers together have seen; anything wrong is counted by kind. */
class Ledger {
  readonly seen = new Uint8Array(RECORDS)
  readonly lastOfKey = new Map<string, number>()
  count = 0
  doubled = 0
  wrongContent = 0
  outOfOrder = 0

  add(key: string, value: Buffer): void {
    const n = value.readUInt32BE(0)
    if (n >= RECORDS || key !== `key-${n % KEYS}` || !value.equals(contentOf(n))) {
      this.wrongContent++
      return
    }
    if (this.seen[n] === 1) this.doubled++
    this.seen[n] = 1
    this.count++
    if ((this.lastOfKey.get(key) ?? -1) >= n) this.outOfOrder++
    this.lastOfKey.set(key, n)
  }
}

test(`million - ${RECORDS} records arrive once, unchanged and in order while consumers join and leave`, { timeout: 180_000 }, async () => {
  await using cluster = await testCluster({ nodes: 3 })
  const { bootstrapServers } = cluster
  const topic = await cluster.createTopic(PARTITIONS)
  const groupId = cluster.unique('million')
  const ledger = new Ledger()
  const allConsumed = new AbortController()
  const errors: unknown[] = []

  /** Consumes until all is consumed, or until it has seen `share` records and leaves the group. */
  async function member(name: string, share: number): Promise<number> {
    await using consumer = new KafkaConsumer({
      bootstrapServers,
      clientId: name,
      groupId,
      autoOffsetReset: 'earliest',
      heartbeatIntervalMs: 100,
      autoCommitIntervalMs: 50,
      maxPollRecords: 2000,
      partitionAssignmentStrategy: ['cooperative-sticky'],
      keyDeserializer: stringDeserializer,
      valueDeserializer: bufferDeserializer,
    })
    consumer.subscribe([topic])
    let count = 0
    while (count < share && !allConsumed.signal.aborted) {
      try {
        for (const { key, value } of await consumer.poll({ timeoutMs: 1000, signal: allConsumed.signal })) {
          ledger.add(key!, value!)
          count++
        }
      } catch (error) {
        if (!allConsumed.signal.aborted) errors.push(error)
        break
      }
      if (ledger.count >= RECORDS) allConsumed.abort()
    }
    return count
  }

  async function produce(): Promise<number> {
    await using producer = new KafkaProducer({
      bootstrapServers,
      keySerializer: stringSerializer,
      valueSerializer: bufferSerializer,
      compressionType: 'lz4',
    })
    let acknowledged = 0
    let underway = 0
    for (let n = 0; n < RECORDS; n++) {
      underway++
      producer.send({ topic, key: `key-${n % KEYS}`, value: contentOf(n) }, (_metadata, error) => {
        underway--
        if (error) errors.push(error)
        else acknowledged++
      })
      while (underway >= MAX_UNDERWAY) await new Promise((resolve) => setImmediate(resolve))
    }
    await producer.flush()
    return acknowledged
  }

  // One member stays for the first half only; the others come and go, so that there are two most of the time.
  async function comeAndGo(): Promise<number[]> {
    const shares: number[] = []
    for (let turn = 0; !allConsumed.signal.aborted && turn < 50; turn++) shares.push(await member(`visitor-${turn}`, RECORDS / 12))
    return shares
  }

  const [acknowledged, firstHalf, visitors, rest] = await Promise.all([
    produce(),
    member('first-half', RECORDS / 3),
    comeAndGo(),
    (async () => {
      while (ledger.count < RECORDS / 2 && errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
      return member('second-half', Number.POSITIVE_INFINITY)
    })(),
  ])

  assert.deepEqual(errors, [])
  assert.equal(acknowledged, RECORDS)
  assert.deepEqual(
    { count: ledger.count, doubled: ledger.doubled, wrongContent: ledger.wrongContent, outOfOrder: ledger.outOfOrder },
    { count: RECORDS, doubled: 0, wrongContent: 0, outOfOrder: 0 },
  )
  assert.equal(firstHalf + rest + visitors.reduce((sum, share) => sum + share, 0), RECORDS)
  assert.ok(visitors.length >= 2, 'members came and went while it ran')
  let stored = 0
  for (const endOffset of await cluster.endOffsets(topic)) stored += endOffset
  assert.equal(stored, RECORDS)
})
