import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InFlightRequests } from './in-flight-requests.ts'

interface Sent {
  readonly id: number
  written: boolean
}

const sent = (id: number, written = true): Sent => ({ id, written })

test('in-flight requests - completing the last sent gives the newest first (IF-1)', () => {
  const requests = new InFlightRequests<Sent>(10)
  requests.add(sent(1))
  requests.add(sent(2))
  assert.equal(requests.count, 2)
  assert.equal(requests.completeLastSent().id, 2)
  assert.equal(requests.count, 1)
  assert.equal(requests.completeLastSent().id, 1)
  assert.equal(requests.count, 0)
})

test('in-flight requests - completing the next gives the oldest first (IF-2)', () => {
  const requests = new InFlightRequests<Sent>(10)
  requests.add(sent(1))
  requests.add(sent(2))
  assert.equal(requests.completeNext().id, 1)
  assert.equal(requests.completeNext().id, 2)
})

test('in-flight requests - clearing gives all in send order (IF-3)', () => {
  const requests = new InFlightRequests<Sent>(10)
  requests.add(sent(1))
  requests.add(sent(2))
  assert.deepEqual(
    requests.clearAll().map((request) => request.id),
    [1, 2],
  )
  assert.equal(requests.count, 0)
})

test('in-flight requests - completing without any is an illegal state (IF-5)', () => {
  const requests = new InFlightRequests<Sent>(10)
  assert.throws(() => requests.completeNext(), { code: 'ILLEGAL_STATE' })
  assert.throws(() => requests.completeLastSent(), { code: 'ILLEGAL_STATE' })
})

test('in-flight requests - more may be sent when the newest is written and the maximum is not reached', () => {
  const requests = new InFlightRequests<Sent>(2)
  assert.equal(requests.canSendMore(), true)
  const first = sent(1, false)
  requests.add(first)
  assert.equal(requests.canSendMore(), false)
  first.written = true
  assert.equal(requests.canSendMore(), true)
  requests.add(sent(2))
  assert.equal(requests.canSendMore(), false)
  assert.equal(requests.complete(first), true)
  assert.equal(requests.complete(first), false)
  assert.equal(requests.canSendMore(), true)
})
