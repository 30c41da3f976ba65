import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { test } from 'node:test'
import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import { until } from '../network/testing/until.ts'
import { ScriptedCluster } from './testing/scripted-cluster.ts'

type Interceptor = ConsumerInterceptor<string, string>

const POLLS = 50
/** What a poll that has records took before there were asynchronous interceptors. */
const PROMISES_PER_POLL = 8

/** Promises made by polls of one record each, all of which are fetched already. */
async function promisesOf(interceptors: readonly Interceptor[]): Promise<number> {
  const cluster = new ScriptedCluster()
  const consumer = cluster.consumer({ maxPollRecords: 1, groupId: undefined }, interceptors)
  consumer.assign([{ topic: 't', partition: 0 }])
  while (cluster.client.requests.every(({ api }) => api.name !== 'Fetch')) await consumer.poll({ timeoutMs: 5 })
  const values = Array.from({ length: POLLS + 5 }, (_, index) => `${index}`)
  cluster.feed(0, values, 0)
  for (let warm = 0; warm < 5; warm++) assert.equal((await consumer.poll()).count, 1)
  await until(() => cluster.client.requests.some(({ api }) => api.name === 'Fetch'))
  let promises = 0
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') promises++
    },
  })
  hook.enable()
  for (let poll = 0; poll < POLLS; poll++) await consumer.poll()
  hook.disable()
  await consumer.close()
  return promises / POLLS
}

test('consumer promises - a chain of synchronous hooks takes none, beyond those of a poll without interceptors', async () => {
  const none = await promisesOf([])
  assert.ok(none <= PROMISES_PER_POLL, `${none} promises per poll`)
  const same: Interceptor = { name: 'same', onFetched: (record) => record, onConsume: (records) => records }
  assert.equal(await promisesOf([same, same]), none)
  const changing: Interceptor = { name: 'change', onConsume: (records) => records.map((record) => ({ ...record, value: 'x' })) }
  assert.equal(await promisesOf([changing]), none)
  const slow: Interceptor = { name: 'slow', onConsume: async (records) => records }
  assert.ok((await promisesOf([slow])) > none)
})
