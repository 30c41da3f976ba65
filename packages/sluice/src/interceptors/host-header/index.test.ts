import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import { isIP } from 'node:net'
import os from 'node:os'
import { test } from 'node:test'
import { type InterceptorContext, RecordHeaders, silentLogger } from 'sluice'
import { hostHeader } from './index.ts'

const warnings: string[] = []
const context: InterceptorContext = {
  clientId: 'c',
  groupId: undefined,
  options: {},
  logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
  clock: { now: () => 0, monotonic: () => 0, setTimer: () => ({ cancel() {} }) },
}

function sent(interceptor: ReturnType<typeof hostHeader>, headers = new RecordHeaders()): RecordHeaders {
  interceptor.configure?.(context)
  interceptor.onSend?.({ topic: 't', partition: undefined, key: null, value: null, timestamp: undefined, headers }, {} as never)
  return headers
}

test('hostHeader - writes an address of this machine by default, its name with useIP: false', () => {
  const addresses = Object.values(os.networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
  const address = sent(hostHeader()).getString('host') as string
  assert.ok(isIP(address) > 0 && addresses.includes(address))
  assert.equal(sent(hostHeader({ useIP: false, hostHeader: 'from' })).getString('from'), os.hostname())
})

test('hostHeader - an address that others can reach comes before a loopback one', (t) => {
  const entry = (address: string, family: 'IPv4' | 'IPv6', internal: boolean) => ({ address, family, internal }) as never
  t.mock.method(os, 'networkInterfaces', () => ({
    lo: [entry('127.0.0.1', 'IPv4', true)],
    eth0: [entry('fe80::1', 'IPv6', false), entry('2001:db8::1', 'IPv6', false), entry('192.0.2.7', 'IPv4', false)],
  }))
  syncBuiltinESMExports()
  t.after(() => syncBuiltinESMExports())
  assert.equal(sent(hostHeader()).getString('host'), '192.0.2.7')
  t.mock.restoreAll()
})

test('hostHeader - when the lookup fails there is one warning, and an existing header stays', (t) => {
  t.mock.method(os, 'networkInterfaces', () => ({}))
  syncBuiltinESMExports()
  t.after(() => syncBuiltinESMExports())
  const headers = sent(hostHeader(), new RecordHeaders().add('host', 'old'))
  assert.equal(headers.getString('host'), 'old')
  assert.equal(warnings.length, 1)
  t.mock.restoreAll()
})

test('hostHeader - overwrites by default, and keeps with preserveExisting', () => {
  const old = () => new RecordHeaders().add('host', 'old')
  assert.notEqual(sent(hostHeader(), old()).getString('host'), 'old')
  assert.equal(sent(hostHeader({ preserveExisting: true }), old()).getString('host'), 'old')
})
