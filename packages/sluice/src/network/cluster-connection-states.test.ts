import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaError } from '../errors.ts'
import { ClusterConnectionStates } from './cluster-connection-states.ts'
import { ManualClock } from './testing/manual-clock.ts'

const refusal = new KafkaError('AUTHENTICATION', 'refused')

function setUp(options: { addresses?: () => string[]; random?: () => number; setupTimeoutMaxMs?: number } = {}) {
  const clock = new ManualClock()
  const lookups: string[] = []
  const states = new ClusterConnectionStates({
    reconnectBackoffMs: 10_000,
    reconnectBackoffMaxMs: 60_000,
    socketConnectionSetupTimeoutMs: 10_000,
    socketConnectionSetupTimeoutMaxMs: options.setupTimeoutMaxMs ?? 127_000,
    clock,
    random: options.random ?? (() => 0.5),
    lookup: async (host) => {
      lookups.push(host)
      return options.addresses?.() ?? ['10.0.0.1']
    },
  })
  return { clock, states, lookups }
}

test('connection states - throttle time runs down and is the poll delay (NC-26)', () => {
  const { clock, states } = setUp()
  states.connecting(1, 'a')
  states.ready(1)
  states.throttle(1, 100)
  assert.equal(states.throttleDelayMs(1), 100)
  assert.equal(states.isReady(1), false)
  clock.advance(50)
  assert.equal(states.throttleDelayMs(1), 50)
  assert.equal(states.pollDelayMs(1), 50)
  clock.advance(50)
  assert.equal(states.throttleDelayMs(1), 0)
  assert.equal(states.isReady(1), true)
})

test('connection states - the setup timeout doubles within 20 percent up to its maximum and is reset when ready (NC-27)', () => {
  let random = 0
  const { states } = setUp({ random: () => (random = (random + 0.37) % 1) })
  for (let attempt = 0; attempt < 8; attempt++) {
    states.connecting(1, 'a')
    const base = 10_000 * 2 ** attempt
    assert.ok(states.setupTimeoutMs(1) >= Math.min(base * 0.8, 127_000) - 1, `attempt ${attempt}: ${states.setupTimeoutMs(1)}`)
    assert.ok(states.setupTimeoutMs(1) <= Math.min(base * 1.2, 127_000), `attempt ${attempt}: ${states.setupTimeoutMs(1)}`)
    states.disconnected(1)
  }
  states.connecting(1, 'a')
  states.ready(1)
  assert.ok(states.setupTimeoutMs(1) <= 12_000)
})

test('connection states - reconnect backoff doubles up to its maximum and is reset when ready', () => {
  const { clock, states } = setUp()
  for (const expected of [10_000, 20_000, 40_000, 60_000, 60_000]) {
    states.connecting(1, 'a')
    states.disconnected(1)
    assert.equal(states.connectionDelayMs(1), expected)
    assert.equal(states.isBlackedOut(1), true)
    clock.advance(expected - 1)
    assert.equal(states.canConnect(1), false)
    clock.advance(1)
    assert.equal(states.canConnect(1), true)
  }
  states.connecting(1, 'a')
  states.ready(1)
  states.disconnected(1)
  assert.equal(states.connectionDelayMs(1), 10_000)
})

test('connection states - a second disconnect does not prolong the backoff (NC-17)', () => {
  const { clock, states } = setUp()
  states.connecting(1, 'a')
  states.disconnected(1)
  clock.advance(6000)
  states.disconnected(1)
  assert.equal(states.connectionDelayMs(1), 4000)
})

test('connection states - connecting, checking versions and authenticating all prepare a connection (NC-29)', () => {
  const { states } = setUp()
  assert.equal(states.isPreparingConnection(1), false)
  states.connecting(1, 'a')
  assert.equal(states.isPreparingConnection(1), true)
  states.checkingApiVersions(1)
  assert.equal(states.isPreparingConnection(1), true)
  states.authenticating(1)
  assert.equal(states.isPreparingConnection(1), true)
  assert.equal(states.connectionDelayMs(1), Number.POSITIVE_INFINITY)
  states.ready(1)
  assert.equal(states.isPreparingConnection(1), false)
  states.disconnected(1)
  assert.equal(states.isPreparingConnection(1), false)
})

test('connection states - all addresses are tried before the name is resolved again (NC-21, NC-30)', async () => {
  const { states, lookups } = setUp({ addresses: () => ['10.0.0.1', '10.0.0.2', '10.0.0.3'] })
  const tried: string[] = []
  for (let i = 0; i < 3; i++) {
    states.connecting(1, 'a')
    tried.push(await states.nextAddress(1))
    states.disconnected(1)
  }
  assert.deepEqual(tried, ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  assert.equal(lookups.length, 1)
  states.connecting(1, 'a')
  assert.equal(await states.nextAddress(1), '10.0.0.1')
  assert.equal(lookups.length, 2)
})

test('connection states - after a connection was up, the name is resolved again and the lost address is not first (NC-21, NC-30)', async () => {
  const { states, lookups } = setUp({ addresses: () => ['10.0.0.1', '10.0.0.2'] })
  states.connecting(1, 'a')
  assert.equal(await states.nextAddress(1), '10.0.0.1')
  states.ready(1)
  states.disconnected(1)
  states.connecting(1, 'a')
  assert.equal(await states.nextAddress(1), '10.0.0.2')
  assert.equal(lookups.length, 2)
})

test('connection states - another host name for a node is resolved afresh (NC-30)', async () => {
  const { states, lookups } = setUp({ addresses: () => ['10.0.0.1', '10.0.0.2'] })
  states.connecting(1, 'a')
  await states.nextAddress(1)
  states.disconnected(1)
  states.connecting(1, 'b')
  assert.equal(await states.nextAddress(1), '10.0.0.1')
  assert.deepEqual(lookups, ['a', 'b'])
})

test('connection states - removing a node clears its backoff (NC-31)', () => {
  const { states } = setUp()
  states.connecting(1, 'a')
  states.disconnected(1)
  states.remove(1)
  assert.equal(states.canConnect(1), true)
  assert.equal(states.connectionDelayMs(1), 0)
})

test('connection states - a failed authentication obeys backoff and is forgotten when ready (NC-31)', () => {
  const { clock, states } = setUp()
  states.connecting(1, 'a')
  states.authenticating(1)
  states.authenticationFailed(1, refusal)
  assert.equal(states.authenticationError(1), refusal)
  assert.equal(states.canConnect(1), false)
  clock.advance(10_000)
  assert.equal(states.canConnect(1), true)
  states.connecting(1, 'a')
  assert.equal(states.authenticationError(1), refusal)
  states.ready(1)
  assert.equal(states.authenticationError(1), null)
})
