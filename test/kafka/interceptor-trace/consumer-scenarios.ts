import type { ConsumerScript, Scenario } from './scenario.ts'

const input = { 'orders-0': ['a', 'b', 'c'] }
const group = { 'group.id': 'group' }

/** A consumer that reads `a`, `b` and `c` of one partition. */
function consume(
  name: string,
  interceptors: readonly ConsumerScript[],
  steps: readonly string[],
  config: Readonly<Record<string, string>> = {},
  more: Partial<Scenario> = {},
): Scenario {
  return {
    name: `consume: ${name}`,
    input,
    clients: { c: { kind: 'consumer', interceptors, config } },
    steps: ['c new', 'c assign orders-0', ...steps, 'c close'],
    ...more,
  }
}

const both = ['c poll', 'c position orders-0', 'c commit', 'c committed orders-0']

export const consumerChains: readonly Scenario[] = [
  consume('two append in list order', [{ onConsume: ['append 1'] }, { onConsume: ['append 2'] }], ['c poll']),
  consume('filters some', [{ onConsume: ['keep a,c'] }, {}], both, group),
  consume('filters all', [{ onConsume: ['keep x'] }, {}], both, group),
  consume('the first throws', [{ onConsume: ['throw'] }, { onConsume: ['append 2'] }], ['c poll']),
  consume('the second throws', [{ onConsume: ['append 1'] }, { onConsume: ['keep a', 'throw'] }], ['c poll']),
  consume('both throw', [{ onConsume: ['throw'] }, { onConsume: ['throw'] }], both, group),
  consume('the last returns null', [{ onConsume: ['append 1'] }, { onConsume: ['null'] }], ['c poll', 'c position orders-0']),
  consume('the first returns null', [{ onConsume: ['null'] }, { onConsume: ['append 2'] }], ['c poll']),
  consume('makes a record of its own', [{ onConsume: ['fabricate z'] }, {}], both, group),
  consume('builds the records anew without nextOffsets', [{ onConsume: ['bare'] }, {}], both, group),
  consume('is not called when nothing came', [{}], ['c poll', 'c pollEmpty 150', 'c pollEmpty 0']),
  consume('is called once for each poll that has records', [{}], ['c poll', 'c poll', 'c poll'], { 'max.poll.records': '1' }),
  consume('filters all of the first poll, and the second goes on', [{ onConsume: ['keep c'] }], ['c poll', 'c poll', 'c commit'], {
    'max.poll.records': '2',
    ...group,
  }),
  consume('two partitions', [{ onConsume: ['keep a,x'] }], ['c assign orders-0,orders-1', 'c poll', 'c commit'], group, {
    topics: { orders: { partitions: 2 } },
    input: { 'orders-0': ['a', 'b'], 'orders-1': ['x', 'y', 'z'] },
    steps: ['c new', 'c assign orders-1', 'c poll', 'c assign orders-0', 'c poll', 'c commit', 'c close'],
  }),
  consume('sees records again after a seek', [{}], ['c poll', 'c seek orders-0@1', 'c poll']),
  consume(
    'is bypassed when a deserializer fails',
    [{}],
    ['c pollEmpty 3000', 'c position orders-0'],
    {},
    {
      clients: { c: { kind: 'consumer', interceptors: [{}], valueDeserializer: 'throws' } },
    },
  ),
  consume("the cluster's id is known at the first onConsume", [{ tellsCluster: true }], ['c poll']),
]

export const consumerCommits: readonly Scenario[] = [
  consume('commitSync of the position', [{}, {}], ['c poll', 'c commit', 'c committed orders-0'], group),
  consume('commitSync of offsets given', [{}], ['c poll', 'c commit orders-0@2', 'c committed orders-0', 'c position orders-0'], group),
  consume('commitSync of two partitions', [{}], ['c commit orders-0@1,audit-0@0'], group, { topics: { orders: {}, audit: {} } }),
  consume('commitSync before anything was read', [{}], ['c commit', 'c committed orders-0'], group),
  consume('commitAsync', [{}, {}], ['c poll', 'c commitAsync', 'c pollEmpty 1000', 'c committed orders-0'], group),
  consume('commitAsync, then commitSync', [{}], ['c poll', 'c commitAsync', 'c commit', 'c pollEmpty 0'], group),
  consume('commitAsync, then close', [{}], ['c poll', 'c commitAsync'], group),
  consume('automatic commit on its interval', [{}], ['c poll', 'sleep 2500', 'c pollEmpty 500'], {
    ...group,
    'enable.auto.commit': 'true',
    'auto.commit.interval.ms': '2500',
  }),
  consume('automatic commit on close', [{}, {}], ['c poll'], { ...group, 'enable.auto.commit': 'true' }),
  consume('automatic commit of what was filtered', [{ onConsume: ['keep x'] }], ['c poll'], { ...group, 'enable.auto.commit': 'true' }),
  consume('no commit on close without auto-commit', [{}], ['c poll'], group),
  consume('commitSync without a group', [{}], ['c poll', 'c commit']),
  consume('onCommit of the first throws', [{ onCommit: ['throw'] }, {}], ['c poll', 'c commit', 'c committed orders-0'], group),
  consume('a commit whose metadata is too large', [{}], ['c poll', 'c commit orders-0@2@5000'], group),
  consume('a commit for a topic that is not there', [{}], ['c commit missing-0@2'], { ...group, 'default.api.timeout.ms': '400' }),
]

const cooperative = { 'partition.assignment.strategy': 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor' }
const twoPartitions = { 'orders-0': ['a', 'b'], 'orders-1': ['c'] }
const member = (name: string, config: Readonly<Record<string, string>> = {}, interceptor: ConsumerScript = {}) =>
  ({ kind: 'consumer', interceptors: [interceptor], config: { ...group, 'client.id': name, ...config } }) as const

export const consumerGroups: readonly Scenario[] = [
  {
    name: 'group: subscribe, commit, close',
    input,
    clients: { c: member('c') },
    steps: ['c new', 'c subscribe orders', 'c poll', 'c commit', 'c close'],
  },
  {
    name: 'group: automatic commit on close comes before the interceptors are closed',
    input,
    clients: { c: member('c', { 'enable.auto.commit': 'true' }) },
    steps: ['c new', 'c subscribe orders', 'c poll', 'c close'],
  },
  {
    name: 'group: automatic commit on a rebalance',
    topics: { orders: { partitions: 2 } },
    input: twoPartitions,
    clients: { c: member('c', { 'enable.auto.commit': 'true' }, { quiet: true }), d: member('d') },
    steps: ['c new', 'd new', 'c subscribe orders', 'c poll 3', 'd subscribe orders', 'join c d', 'c close', 'd close'],
  },
  {
    name: 'group: automatic commit on a cooperative rebalance',
    topics: { orders: { partitions: 2 } },
    input: twoPartitions,
    clients: {
      c: member('c', { 'enable.auto.commit': 'true', ...cooperative }, { quiet: true }),
      d: member('d', cooperative),
    },
    steps: ['c new', 'd new', 'c subscribe orders', 'c poll 3', 'd subscribe orders', 'join c d', 'c close', 'd close'],
  },
  {
    name: 'group: a commit after another took over the static member',
    input,
    clients: { c: member('c', { 'group.instance.id': 'static' }), d: member('d', { 'group.instance.id': 'static' }) },
    steps: ['c new', 'c subscribe orders', 'c poll', 'd new', 'd subscribe orders', 'd poll', 'c commit', 'd commit', 'd close'],
  },
  {
    name: 'group: an asynchronous commit after another took over the static member',
    input,
    clients: { c: member('c', { 'group.instance.id': 'static' }), d: member('d', { 'group.instance.id': 'static' }) },
    steps: [
      'c new',
      'c subscribe orders',
      'c poll',
      'd new',
      'd subscribe orders',
      'd poll',
      'c commitAsync',
      'sleep 500',
      'c pollEmpty 1000',
      'd close',
    ],
  },
  {
    name: 'group: a commit from outside into a group that has members',
    input,
    clients: { c: member('c'), d: member('d') },
    steps: ['c new', 'c subscribe orders', 'c poll', 'd new', 'd assign orders-0', 'd poll', 'd commit', 'd close', 'c close'],
  },
  {
    name: 'group: a commit after max.poll.interval.ms has passed',
    input,
    clients: { c: member('c', { 'max.poll.interval.ms': '1000', 'heartbeat.interval.ms': '100' }) },
    steps: ['c new', 'c subscribe orders', 'c poll', 'sleep 2500', 'c commit', 'c poll', 'c close'],
  },
]

export const consumerLifecycle: readonly Scenario[] = [
  consume('close in list order, one throws', [{ close: ['throw'] }, {}], ['c poll']),
  consume('close twice', [{}, {}], ['c poll', 'c close']),
  consume('configure of the second throws', [{}, { configure: ['throw'] }], [], {}, { steps: ['c new'] }),
  consume('configure sees a generated client id', [{}], [], { 'client.id': '', ...group }),
  consume('the same interceptor twice', [{}, { sameAs: 0 }], ['c poll', 'c commit'], group),
  consume('poll after close', [{}], ['c close', 'c pollEmpty 0']),
  consume('poll without a subscription', [{}], [], {}, { steps: ['c new', 'c pollEmpty 0', 'c close'] }),
]
