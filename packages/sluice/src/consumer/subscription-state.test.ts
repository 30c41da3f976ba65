import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OffsetTracker } from './offset-tracker.ts'
import { SubscriptionState } from './subscription-state.ts'

const at = (partition: number) => ({ topic: 't', partition })

test('subscription state - topics, pattern and assignment exclude one another until unsubscribe', () => {
  const state = new SubscriptionState()
  state.subscribe(['t'], undefined)
  assert.throws(() => state.assign([at(0)]), { code: 'ILLEGAL_STATE' })
  assert.throws(() => state.subscribePattern(/t/, undefined), { code: 'ILLEGAL_STATE' })
  state.subscribe(['u'], undefined)
  assert.deepEqual([...state.topics], ['u'])
  state.unsubscribe()
  state.assign([at(0)])
  assert.equal(state.isAutoAssigned, false)
})

test('subscription state - a partition that stays keeps its position; one that goes and comes back does not', () => {
  const state = new SubscriptionState()
  state.subscribe(['t'], undefined)
  state.assignFromGroup([at(0), at(1)])
  state.require(at(0)).seek(7)
  state.require(at(1)).seek(8)
  const gone = state.require(at(1))
  state.assignFromGroup([at(0)])
  assert.equal(gone.isAssigned, false)
  state.assignFromGroup([at(0), at(1)])
  assert.equal(state.require(at(0)).position, 7)
  assert.equal(state.require(at(1)).hasPosition, false)
})

test('subscription state - what is consumed is the position, or what is done of it', () => {
  const state = new SubscriptionState()
  state.assign([at(0), at(1), at(2)])
  state.require(at(0)).seek(7, 3)
  state.require(at(1)).seek(9)
  state.require(at(1)).tracker = new OffsetTracker(4)
  assert.deepEqual(state.consumed(), [
    { ...at(0), offset: 7, leaderEpoch: 3 },
    { ...at(1), offset: 4 },
  ])
})

test('subscription state - a seek drops what is buffered and under way', () => {
  const state = new SubscriptionState()
  state.assign([at(0)])
  const partition = state.require(at(0))
  partition.seek(1)
  const { version } = partition
  partition.buffered.push({} as never)
  partition.requestReset('earliest')
  assert.ok(partition.version > version)
  assert.deepEqual([partition.buffered.length, partition.position, partition.isFetchable], [0, -1, false])
})

test('subscription state - a paused or leaving partition is not fetched', () => {
  const state = new SubscriptionState()
  state.subscribe(['t'], undefined)
  state.assignFromGroup([at(0)])
  const partition = state.require(at(0))
  partition.seek(0)
  assert.equal(partition.isFetchable, true)
  partition.isPaused = true
  assert.equal(partition.isFetchable, false)
  partition.isPaused = false
  partition.isPendingRevocation = true
  assert.equal(partition.isFetchable, false)
  state.assignFromGroup([at(0)])
  assert.equal(partition.isFetchable, true)
})

test('subscription state - a global expression matches every time', () => {
  const state = new SubscriptionState()
  state.subscribePattern(/^a/g, undefined)
  assert.deepEqual([state.pattern!.test('ab'), state.pattern!.test('ab')], [true, true])
})
