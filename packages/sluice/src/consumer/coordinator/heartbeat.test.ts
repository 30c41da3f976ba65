import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../network/testing/manual-clock.ts'
import { Heartbeat } from './heartbeat.ts'

function setUp() {
  const clock = new ManualClock()
  const events: string[] = []
  let answer: Promise<boolean> = Promise.resolve(true)
  const heartbeat = new Heartbeat(
    { heartbeatIntervalMs: 3000, sessionTimeoutMs: 10_000, maxPollIntervalMs: 60_000, retryBackoffMs: 100 },
    {
      beat() {
        events.push('beat')
        return answer
      },
      onSessionTimeout: () => void events.push('session'),
      onPollTimeout: () => void events.push('poll'),
    },
    clock,
  )
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { heartbeat, events, pass, answerWith: (next: Promise<boolean>) => (answer = next) }
}

test('heartbeat - goes out on its interval, and not before it is started or after it is stopped', async () => {
  const { heartbeat, events, pass } = setUp()
  await pass(5000)
  assert.deepEqual(events, [])
  heartbeat.start()
  await pass(2999)
  assert.deepEqual(events, [])
  await pass(1)
  heartbeat.received()
  await pass(3000)
  assert.deepEqual(events, ['beat', 'beat'])
  heartbeat.stop()
  await pass(30_000)
  assert.equal(events.length, 2)
})

test('heartbeat - one that failed is repeated after the backoff', async () => {
  const { heartbeat, events, pass, answerWith } = setUp()
  answerWith(Promise.resolve(false))
  heartbeat.start()
  await pass(3000)
  await pass(100)
  assert.deepEqual(events, ['beat', 'beat'])
})

test('heartbeat - only one is under way, and a session without answers ends', async () => {
  const { heartbeat, events, pass, answerWith } = setUp()
  answerWith(new Promise(() => {}))
  heartbeat.start()
  for (let i = 0; i < 11; i++) await pass(1000)
  assert.deepEqual(events, ['beat', 'session'])
})

test('heartbeat - an application that does not poll is noticed; one that polls is not', async () => {
  const { heartbeat, events, pass } = setUp()
  heartbeat.start()
  for (let i = 0; i < 40; i++) {
    await pass(3000)
    heartbeat.received()
    heartbeat.polled()
  }
  assert.ok(!events.includes('poll'))
  for (let i = 0; i < 20; i++) {
    await pass(3000)
    heartbeat.received()
  }
  assert.equal(events.at(-1), 'poll')
})
