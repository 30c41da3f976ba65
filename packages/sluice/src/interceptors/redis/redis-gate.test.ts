import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CollectingLogger, ManualClock } from 'sluice/testing'
import { messageOf, PAUSE_MS, RedisGate } from './redis-gate.ts'
import { turn } from './testing.ts'

const TIMEOUT_MS = 500

function gateOf() {
  const clock = new ManualClock()
  const logger = new CollectingLogger()
  const gate = new RedisGate({ clock, logger, timeoutMs: TIMEOUT_MS, away: 'away', back: 'back', isAnswer: (cause) => cause === 'no' })
  let asked = 0
  /** What became of a command by now. */
  async function ask(command: () => Promise<unknown>): Promise<unknown> {
    let outcome: unknown = 'waits'
    gate
      .ask(() => {
        asked++
        return command()
      })
      .then(
        (reply) => void (outcome = reply),
        (cause) => void (outcome = cause instanceof Error ? 'failed' : cause),
      )
    await turn()
    return outcome
  }
  return { clock, logger, ask, asked: () => asked }
}

const hangs = (): Promise<never> => new Promise(() => {})
const refused = async (): Promise<never> => {
  throw new Error('ECONNREFUSED')
}
const answers = async (): Promise<string> => 'PONG'

test('RedisGate - a Redis that hangs is waited for once; then it is tried beside what is asked, until it answers', async () => {
  const { clock, logger, ask, asked } = gateOf()
  assert.equal(await ask(hangs), 'waits')
  clock.advance(TIMEOUT_MS)
  await turn()
  assert.equal(await ask(hangs), 'failed')
  assert.equal(asked(), 1)
  for (let pauses = 0; pauses < 3; pauses++) {
    clock.advance(PAUSE_MS)
    assert.deepEqual([await ask(hangs), await ask(hangs), asked()], ['failed', 'failed', 2 + pauses])
    clock.advance(TIMEOUT_MS)
    await turn()
  }
  clock.advance(PAUSE_MS)
  assert.deepEqual([await ask(answers), await ask(answers)], ['failed', 'PONG'])
  assert.deepEqual(logger.messages(), ['away', 'back'])
})

test('RedisGate - one that fails at once is left alone for a while, and then asked by whoever comes', async () => {
  const { clock, logger, ask, asked } = gateOf()
  assert.deepEqual([await ask(refused), await ask(answers), asked()], ['failed', 'failed', 1])
  clock.advance(PAUSE_MS)
  assert.deepEqual([await ask(answers), await ask(answers)], ['PONG', 'PONG'])
  assert.deepEqual(logger.messages(), ['away', 'back'])
})

test('RedisGate - a no is an answer', async () => {
  const { logger, ask } = gateOf()
  assert.deepEqual([await ask(() => Promise.reject('no')), await ask(answers)], ['no', 'PONG'])
  assert.deepEqual(logger.messages(), [])
})

test('messageOf - what Redis quotes of a command stays out of the log', () => {
  const quoted = "ERR unknown command 'EVAL', with args beginning with: 'return 1' 'sluice:rate:tenant-7' "
  assert.equal(messageOf(new Error(quoted)), "ERR unknown command 'EVAL'")
  assert.equal(messageOf('text'), 'string')
})
