import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../logger.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { ConsumerInterceptors } from './consumer-interceptors.ts'
import { ProducerInterceptors } from './producer-interceptors.ts'

/** What the log says when a client is made with this interceptor; throws what its constructor throws. */
function warnings(interceptor: unknown, side: 'producer' | 'consumer' = 'producer'): string[] {
  const lines: string[] = []
  const logger = { ...silentLogger, warn: (line: string) => void lines.push(line) }
  const context = { clientId: 'c', groupId: undefined, options: {}, side, logger, clock: new ManualClock() }
  const list = [interceptor] as never[]
  if (side === 'producer') new ProducerInterceptors(list, context)
  else new ConsumerInterceptors(list, context)
  return lines
}

test('interceptor shape - what is no interceptor is refused, and says what to do', () => {
  assert.throws(
    () => warnings(function audit() {}),
    /interceptors\[0\] must be an object, not a function: a factory must be called.*\(audit\)/,
  )
  assert.throws(() => warnings(class Audit {}), /a class made with new \(Audit\)/)
  assert.throws(() => warnings(Promise.resolve({ name: 'x' })), /is a promise: await it first/)
  assert.throws(() => warnings(undefined), /must be an object, not undefined/)
  assert.throws(() => warnings({}), /needs a name/)
})

test('interceptor shape - a name of ours in the wrong case is refused, in classes too; what is no function is no hook', () => {
  assert.throws(
    () => warnings({ name: 'mask', onerror: 'fail', onSend() {} }),
    /interceptor "mask" has no "onerror"; did you mean "onError"/,
  )
  class Audit {
    readonly name = 'audit'
    onsend() {}
  }
  assert.throws(() => warnings(new Audit()), /interceptor "audit" has no "onsend"; did you mean "onSend"/)
  assert.throws(() => warnings({ name: 'x', onSend: 'x' }), /interceptor "x": onSend must be a function, not string/)
  assert.throws(() => warnings({ name: 'x', handle: null }, 'consumer'), /handle must be a function, not null/)
})

test('interceptor shape - functions that look like hooks, and interceptors of the other side, are warned of', () => {
  assert.deepEqual(warnings({ name: 'x', onSned() {}, onSend() {} }), [
    'interceptor "x" has a function "onSned", which nobody calls; did you mean "onSend"?',
  ])
  assert.deepEqual(warnings({ name: 'x', onConsume() {} }), ['interceptor "x" has no hook that a producer calls; it does nothing here'])
  assert.deepEqual(warnings({ name: 'x', onSend() {} }, 'consumer'), [
    'interceptor "x" has no hook that a consumer calls; it does nothing here',
  ])
})

test('interceptor shape - what an interceptor has for itself is its own affair', () => {
  class Own {
    readonly name = 'own'
    closed = 0
    topic = 'audit'
    onSend = undefined
    onFetched() {}
    handler() {}
    ontology() {}
    get secret(): string {
      throw new Error('nobody asked')
    }
  }
  assert.deepEqual(warnings(new Own(), 'consumer'), [])
  assert.deepEqual(warnings({ name: 'nothing at all' }), [])
})
