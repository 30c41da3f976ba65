// The cases of Flume's TestHostInterceptor, and the edges of its source
import assert from 'node:assert/strict'
import dns from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { type TestContext, test } from 'node:test'
import { interceptorContract, ManualClock, recordContext, recordOf, testContext } from 'sluice/testing'
import { type HostHeaderOptions, hostHeader } from './index.ts'

const ADDRESS = '192.0.2.7'
const CANONICAL = 'web-7.example.org'

interface Resolver {
  readonly lookup?: (name: string, options: { all?: boolean; order?: string }) => Promise<unknown>
  readonly lookupService?: () => Promise<unknown>
}

/** A resolver that knows this host, as Java's test has one. */
function withResolver(t: TestContext, resolver: Resolver = {}): void {
  const known = async (_name: string, { all }: { all?: boolean }) =>
    all ? [{ address: ADDRESS, family: 4 }] : { address: ADDRESS, family: 4 }
  t.mock.method(dns, 'lookup', resolver.lookup ?? known)
  t.mock.method(dns, 'lookupService', resolver.lookupService ?? (async () => ({ hostname: CANONICAL, service: '' })))
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
}

async function sent(options: HostHeaderOptions, headers: Record<string, string | null> = {}, context = testContext()) {
  const interceptor = hostHeader({ compat: 'flume', ...options })
  await interceptor.configure?.(context)
  const record = recordOf({ value: 'test event', headers })
  assert.equal(interceptor.onSend?.(record, recordContext()), record)
  return record.headers
}

test('TestHostInterceptor.testBasic - the host header is set', async (t) => {
  withResolver(t)
  assert.equal((await sent({})).getString('host'), ADDRESS)
})

test('TestHostInterceptor.testCustomHeader - hostHeader names it', async (t) => {
  withResolver(t)
  const headers = await sent({ preserveExisting: 'false' as never, hostHeader: 'hostname' })
  assert.deepEqual([headers.getString('hostname'), headers.get('host')], [ADDRESS, undefined])
})

test('TestHostInterceptor.testPreserve - preserveExisting keeps the one that is there', async (t) => {
  withResolver(t)
  assert.equal((await sent({ preserveExisting: 'true' as never }, { host: 'originalhost' })).getString('host'), 'originalhost')
  assert.equal((await sent({ preserveExisting: true }, { host: null })).get('host'), null)
})

test('TestHostInterceptor.testClobber - without it the header is replaced', async (t) => {
  withResolver(t)
  assert.equal((await sent({ preserveExisting: 'false' as never }, { host: 'originalhost' })).getString('host'), ADDRESS)
})

test('TestHostInterceptor.testUseIP - the address is written by default and with useIP', async (t) => {
  withResolver(t)
  assert.equal((await sent({ useIP: 'true' as never }, { host: 'originalhost' })).getString('host'), ADDRESS)
})

test('TestHostInterceptor.testUseHostname - useIP: false writes the canonical name', async (t) => {
  withResolver(t)
  assert.equal((await sent({ useIP: 'false' as never }, { host: 'originalhost' })).getString('host'), CANONICAL)
})

test("hostHeader - the resolver is asked for this host's name, IPv4 first, as Java does", async (t) => {
  const asked: unknown[] = []
  withResolver(t, {
    lookup: async (name, options) => {
      asked.push([name, options.order])
      return { address: ADDRESS, family: 4 }
    },
  })
  await sent({})
  assert.deepEqual(asked, [[os.hostname(), 'ipv4first']])
})

test('hostHeader - a name that does not lead back to the address is no canonical one; the address stands for it', async (t) => {
  withResolver(t, { lookup: async (_, { all }) => (all ? [{ address: '192.0.2.8', family: 4 }] : { address: ADDRESS, family: 4 }) })
  assert.equal((await sent({ useIP: false })).getString('host'), ADDRESS)
})

test('hostHeader - without a name for the address, the address stands for it', async (t) => {
  withResolver(t, { lookupService: () => Promise.reject(new Error('ENOTFOUND')) })
  assert.equal((await sent({ useIP: false })).getString('host'), ADDRESS)
})

test('hostHeader - when the lookup fails there is one warning, and nothing is done for ever', async (t) => {
  withResolver(t, { lookup: () => Promise.reject(new Error('ENOTFOUND')) })
  const context = testContext()
  const interceptor = hostHeader({ compat: 'flume' })
  await interceptor.configure?.(context)
  for (const headers of [{}, { host: 'originalhost' }] as Record<string, string>[]) {
    const record = recordOf({ headers })
    interceptor.onSend?.(record, recordContext())
    assert.equal(record.headers.getString('host'), headers.host)
  }
  assert.deepEqual(
    context.logger.lines.map(({ level }) => level),
    ['warn'],
  )
})

test('hostHeader - a resolver that does not answer is given up', async (t) => {
  withResolver(t, { lookup: () => new Promise(() => {}) })
  const clock = new ManualClock()
  const context = testContext({ clock })
  const sending = sent({}, { host: 'originalhost' }, context)
  clock.advance(10_000)
  assert.equal((await sending).getString('host'), 'originalhost')
  assert.equal(context.logger.lines.length, 1)
})

interceptorContract(hostHeader)
