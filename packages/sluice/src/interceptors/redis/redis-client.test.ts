import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { openRedis } from './redis-client.ts'
import { turn } from './testing.ts'

/** What is seen of an ioredis client from outside. */
class Client extends EventEmitter {
  status: string
  readonly calls: string[] = []

  constructor(status: string) {
    super()
    this.status = status
  }

  async call(command: string): Promise<unknown> {
    this.calls.push(command)
    return 'PONG'
  }
}

async function readyOf(client: Client, timeoutMs = 10_000) {
  const connection = await openRedis(client, 'test', 500)
  let isReady = false
  const ready = connection.ready(timeoutMs).then(() => {
    isReady = true
  })
  await turn()
  return { ready, isReady: () => isReady }
}

for (const status of ['connecting', 'reconnecting', 'wait']) {
  test(`openRedis - a client of the application that is ${status} is waited for, and one with lazyConnect gets a command to connect for`, async () => {
    const client = new Client(status)
    const { ready, isReady } = await readyOf(client)
    assert.equal(isReady(), false)
    client.emit('ready')
    await ready
    assert.deepEqual(client.calls, status === 'wait' ? ['PING'] : [])
    assert.equal(client.listenerCount('ready'), 0)
  })
}

test('openRedis - one that is ready is not, nor one that says nothing of itself', async () => {
  assert.equal((await readyOf(new Client('ready'))).isReady(), true)
  const connection = await openRedis({ call: async () => 1 }, 'test', 500)
  await connection.ready(10_000)
})

test('openRedis - one that does not become ready is waited for no longer than was said, and keeps no listener', async () => {
  const client = new Client('reconnecting')
  await (await readyOf(client, 1)).ready
  assert.equal(client.listenerCount('ready'), 0)
})
