import {
  type ConsumerInterceptor,
  type ProducerInterceptor,
  type ProducerRecord,
  RecordHeaders,
  type SerializedRecord,
  silentLogger,
} from 'sluice'
import {
  accessPolicy,
  type ClaimStore,
  claimCheck,
  context as correlation,
  filter,
  route,
  runWithContext,
  sizeGuard,
  transform,
} from 'sluice/interceptors'
import { systemClock } from '../../packages/sluice/src/clock.ts'
import type { MicroBody, MicroCase } from '../micro-case.ts'

type Interceptor = ProducerInterceptor & ConsumerInterceptor
const GROUP = 'interceptors-policies'
const ROUND = 64

const orders = Array.from({ length: ROUND }, (_, n) => ({
  id: n,
  amount: n * 1.5,
  region: n % 4 === 0 ? 'eu' : 'us',
  card: { number: `4111${n}`, holder: `holder ${n}` },
  note: 'as always',
}))

const context = { state: undefined, signal: new AbortController().signal }

function recordOf(n: number): ProducerRecord {
  return {
    topic: 'orders',
    partition: undefined,
    key: null,
    value: orders[n % ROUND],
    timestamp: 1_700_000_000_000,
    headers: new RecordHeaders().add('tenant', 'acme'),
  }
}

async function configured(interceptor: Interceptor): Promise<Interceptor> {
  await interceptor.configure?.({ clientId: 'bench', groupId: undefined, options: {}, logger: silentLogger, clock: systemClock })
  return interceptor
}

/** `onSend` alone, of an order of five fields, against the making of that record. */
async function onSend(made: Interceptor): Promise<MicroBody> {
  const interceptor = await configured(made)
  return { record: (n) => interceptor.onSend!(recordOf(n), context), baseline: recordOf }
}

/** The same for hooks that return a promise, which is awaited. */
async function onSendAwaited(made: Interceptor): Promise<MicroBody> {
  const interceptor = await configured(made)
  return { recordAsync: async (n) => interceptor.onSend!(recordOf(n), context) }
}

const bytes = Array.from({ length: ROUND }, (_, n) => Buffer.alloc(1000, n))

function serializedOf(n: number): SerializedRecord {
  return {
    topic: 'orders',
    partition: 0,
    key: null,
    value: bytes[n % ROUND]!,
    timestamp: undefined,
    headers: new RecordHeaders().add('tenant', 'acme'),
  }
}

/** `onSerialized` alone, of 1000 bytes and a header. */
async function onSerialized(made: Interceptor): Promise<MicroBody> {
  const interceptor = await configured(made)
  return { record: (n) => interceptor.onSerialized!(serializedOf(n), context), baseline: serializedOf }
}

function inMemory(): ClaimStore {
  return { put: async () => {}, get: async () => null }
}

/** What each of them costs beside the chain. */
export const cases: readonly MicroCase[] = [
  {
    name: `${GROUP}/transform-mask`,
    about: 'transform, one nested field masked',
    setUp: () => onSend(transform({ steps: [{ mask: ['card.number'] }] })),
  },
  {
    name: `${GROUP}/transform`,
    about: 'transform with four steps: insert, rename, cast, mask',
    setUp: () =>
      onSend(
        transform({
          steps: [
            { insert: { static: { source: 'shop' } } },
            { rename: { id: 'orderId' } },
            { cast: { amount: 'string' } },
            { mask: ['card.number'] },
          ],
        }),
      ),
  },
  {
    name: `${GROUP}/transform-jsonata-awaited`,
    about: 'transform by JSONata, an object of three fields',
    setUp: () => onSendAwaited(transform({ jsonata: '{ "orderId": id, "sum": amount, "holder": card.holder }' })),
  },
  {
    name: `${GROUP}/filter-function`,
    about: 'filter by a function, a quarter passes',
    setUp: () => onSend(filter({ expression: ({ value }) => value.region === 'eu' })),
  },
  { name: `${GROUP}/filter-cel`, about: 'the same in CEL', setUp: () => onSend(filter({ expression: 'value.region == "eu"' })) },
  {
    name: `${GROUP}/filter-jsonata-awaited`,
    about: 'the same in JSONata',
    setUp: () => onSendAwaited(filter({ expression: 'value.region = "eu"', language: 'jsonata' })),
  },
  {
    name: `${GROUP}/route`,
    about: 'route by a rule over a header, which holds',
    setUp: () => onSend(route({ rules: [{ when: { header: { key: 'tenant', value: 'acme' } }, topic: '{topic}.acme' }] })),
  },
  {
    name: `${GROUP}/route-timestamp`,
    about: 'route by the day of the record',
    setUp: () => onSend(route({ timestampRouter: {} })),
  },
  {
    name: `${GROUP}/context`,
    about: 'context, an id taken from the one around',
    async setUp() {
      const { record, baseline } = await onSend(correlation())
      const around = { correlationId: 'c-1' }
      return { record: (n) => runWithContext(around, () => record!(n)), baseline: (n) => runWithContext(around, () => baseline!(n)) }
    },
  },
  { name: `${GROUP}/context-generate`, about: 'context, an id made for each record', setUp: () => onSend(correlation()) },
  {
    name: `${GROUP}/access-policy`,
    about: 'accessPolicy, three rules of which the last allows',
    setUp: () =>
      onSend(
        accessPolicy({
          rules: [
            { effect: 'deny', topics: '*.secret' },
            { effect: 'allow', topics: 'payments', clients: 'billing-*' },
            { effect: 'allow', operations: 'send', topics: 'ord*', clients: ['shop', 'bench'] },
          ],
        }),
      ),
  },
  { name: `${GROUP}/size-guard`, about: 'sizeGuard, one header', setUp: () => onSerialized(sizeGuard()) },
  {
    name: `${GROUP}/claim-check-small`,
    about: 'claimCheck, a body below the threshold',
    setUp: () => onSerialized(claimCheck({ store: inMemory() })),
  },
  {
    name: `${GROUP}/claim-check-awaited`,
    about: 'claimCheck, a body of 1000 bytes into a store in memory',
    async setUp() {
      const interceptor = await configured(claimCheck({ store: inMemory(), thresholdBytes: 100 }))
      return { recordAsync: async (n) => interceptor.onSerialized!(serializedOf(n), { state: undefined, signal: context.signal }) }
    },
  },
]
