import type { ProducerSpec, RecordSpec, Scenario, TopicSpec } from './scenario.ts'

const order: RecordSpec = { topic: 'orders', key: 'k', value: 'v' }
const three = { r: { ...order, value: '1' }, s: { ...order, value: '2' }, t: { ...order, value: '3' } }

interface Outcome extends Partial<Omit<ProducerSpec, 'kind'>> {
  readonly record?: RecordSpec | null
  readonly records?: Scenario['records']
  readonly topic?: TopicSpec
  readonly steps: readonly string[]
  readonly kafkaOnly?: string
}

/** How sends end; the steps `p new`, `p partitionsFor orders` and `p close` come by themselves. */
function outcome(name: string, { record = order, records, topic, steps, kafkaOnly, ...spec }: Outcome): Scenario {
  return {
    name: `outcome: ${name}`,
    ...(kafkaOnly === undefined ? {} : { kafkaOnly }),
    topics: { orders: topic ?? {} },
    clients: { p: { kind: 'producer', interceptors: [{}], ...spec } },
    records: records ?? { r: record },
    steps: ['p new', 'p partitionsFor orders', ...steps, 'p close'],
  }
}

const withCallback = ['p send r callback', 'p flush']
const withFuture = ['p send r', 'p flush', 'p result r']
const both = ['p send r callback', 'p send s', 'p flush', 'p result s']
const pair = (record: RecordSpec): Scenario['records'] => ({ r: record, s: record })

export const producerOutcomes: readonly Scenario[] = [
  outcome('success with a callback', { interceptors: [{}, {}], steps: withCallback }),
  outcome('success with a future', { interceptors: [{}, {}], steps: withFuture }),
  outcome('three records of one batch with callbacks', {
    interceptors: [{}, {}],
    records: three,
    steps: ['p send r callback', 'p send s callback', 'p send t callback', 'p flush'],
  }),
  outcome('three records of one batch with futures', {
    interceptors: [{}, {}],
    records: three,
    steps: ['p send r', 'p send s', 'p send t', 'p flush', 'p result r', 'p result s', 'p result t'],
  }),
  outcome('one batch with callbacks and a future', {
    records: three,
    steps: ['p send r callback', 'p send s', 'p send t callback', 'p flush', 'p result s'],
  }),
  outcome('records of two batches', {
    config: { 'batch.size': '0' },
    records: three,
    steps: ['p send r', 'p send s', 'p send t', 'p flush', 'p result r', 'p result s', 'p result t'],
  }),
  outcome('null key and empty value', { record: { topic: 'orders', value: '' }, steps: withCallback }),
  outcome('a tombstone', { record: { topic: 'orders', key: 'k', value: null }, steps: withCallback }),
  outcome('a timestamp of its own', { record: { ...order, timestamp: 5 }, steps: withCallback }),
  outcome('LogAppendTime', {
    topic: { configs: { 'message.timestamp.type': 'LogAppendTime' } },
    record: { ...order, timestamp: 5 },
    steps: withCallback,
  }),
  outcome('compressed with gzip', { config: { 'compression.type': 'gzip' }, records: three, steps: both }),
  outcome('acks=0', { config: { acks: '0' }, records: pair(order), steps: both }),
  outcome('acks=1', { config: { acks: '1' }, records: pair(order), steps: both }),
  outcome('without idempotence', { config: { 'enable.idempotence': 'false' }, records: pair(order), steps: both }),
  outcome('an invalid topic, callback', { record: { ...order, topic: 'topic abc' }, steps: withCallback }),
  outcome('an invalid topic, future', { record: { ...order, topic: 'topic abc' }, steps: withFuture }),
  outcome('larger than max.request.size, callback', {
    interceptors: [{}, {}],
    config: { 'max.request.size': '100' },
    record: { ...order, valueSize: 200 },
    steps: withCallback,
  }),
  outcome('larger than max.request.size, future', {
    config: { 'max.request.size': '100' },
    record: { ...order, valueSize: 200, partition: 0 },
    steps: withFuture,
  }),
  outcome('larger than buffer.memory', {
    config: { 'buffer.memory': '100', 'batch.size': '10' },
    record: { ...order, valueSize: 200 },
    steps: withCallback,
  }),
  outcome('larger than the topic allows', {
    topic: { configs: { 'max.message.bytes': '200' } },
    record: { ...order, valueSize: 400 },
    steps: withCallback,
  }),
  outcome('a batch that is split', {
    topic: { configs: { 'max.message.bytes': '400' } },
    records: Object.fromEntries(['r', 's', 't'].map((name) => [name, { ...order, valueSize: 200 }])),
    steps: ['p send r callback', 'p send s callback', 'p send t callback', 'p flush'],
  }),
  outcome('a record that the broker refuses, and its neighbours', {
    kafkaOnly: 'the development broker does not look into records',
    topic: { configs: { 'cleanup.policy': 'compact' } },
    records: { ...three, s: { topic: 'orders', value: '2' } },
    steps: ['p send r callback', 'p send s callback', 'p send t callback', 'p flush'],
  }),
  outcome('a timestamp that the broker refuses', {
    kafkaOnly: 'the development broker takes any timestamp',
    topic: { configs: { 'message.timestamp.before.max.ms': '1000' } },
    record: { ...order, timestamp: 5 },
    steps: withCallback,
  }),
  outcome('a partition that is not there', {
    config: { 'max.block.ms': '300' },
    record: { ...order, partition: 7 },
    steps: withCallback,
  }),
  outcome('a negative partition', { record: { ...order, partition: -1 }, steps: withFuture }),
  outcome('a negative timestamp', { record: { ...order, timestamp: -1 }, steps: withFuture }),
  outcome('send(null)', { interceptors: [{}, {}], record: null, steps: withFuture }),
  outcome('send(null) with a callback', { record: null, steps: withCallback }),
  outcome('the value serializer throws, callback', { valueSerializer: 'throws', steps: withCallback }),
  outcome('the value serializer throws, future', { valueSerializer: 'throws', steps: withFuture }),
  outcome('the key serializer throws', { keySerializer: 'throws', steps: withFuture }),
  outcome('the value serializer refuses', { valueSerializer: 'refuses', record: { ...order, partition: 0 }, steps: withFuture }),
  outcome('a value of the wrong class', { record: { ...order, value: 42 }, steps: withFuture }),
  outcome('headers stay writable after a serializer failed', {
    valueSerializer: 'refuses',
    steps: ['p send r', 'record r header late 1', 'p result r'],
  }),
  outcome('headers after a record was too large', {
    config: { 'max.request.size': '100' },
    record: { ...order, valueSize: 200 },
    steps: ['p send r', 'record r header late 1', 'p result r'],
  }),
  outcome('the partitioner throws, callback', { partitioner: 'throws', steps: withCallback }),
  outcome('the partitioner throws, future', { partitioner: 'throws', steps: withFuture }),
  outcome('the partitioner chooses -1', { partitioner: 'negative', steps: withFuture }),
  outcome('the partitioner chooses a partition that is not there', {
    partitioner: 'beyond',
    config: { 'linger.ms': '0', 'delivery.timeout.ms': '600', 'request.timeout.ms': '500' },
    steps: ['p send r', 'p result r'],
  }),
  outcome('a callback throws', { records: three, steps: ['p send r callback throw', 'p send s callback', 'p flush'] }),
  outcome('a callback throws for a send that failed', {
    config: { 'max.request.size': '100' },
    record: { ...order, valueSize: 200 },
    steps: ['p send r callback throw'],
  }),
  outcome('a callback sends', { config: { 'linger.ms': '100' }, records: three, steps: ['p send r callback send s', 'sleep 800'] }),
]

/** No broker answers, or not as it should. */
export const producerTimeouts: readonly Scenario[] = [
  {
    name: 'timeout: no broker can be reached, callback',
    clients: { p: { kind: 'producer', interceptors: [{}, {}], config: { 'bootstrap.servers': '127.0.0.1:1', 'max.block.ms': '300' } } },
    records: { r: order },
    steps: ['p new', 'p send r callback', 'p flush', 'p close'],
  },
  {
    name: 'timeout: no broker can be reached, future',
    clients: { p: { kind: 'producer', interceptors: [{}], config: { 'bootstrap.servers': '127.0.0.1:1', 'max.block.ms': '300' } } },
    records: { r: { ...order, partition: 0 } },
    steps: ['p new', 'p send r', 'p result r', 'record r header late 1', 'p close'],
  },
  {
    name: 'timeout: partitionsFor without a broker',
    clients: { p: { kind: 'producer', interceptors: [{}], config: { 'bootstrap.servers': '127.0.0.1:1', 'max.block.ms': '300' } } },
    steps: ['p new', 'p partitionsFor orders', 'p close'],
  },
  outcome('delivery.timeout.ms passes', {
    interceptors: [{}, {}],
    config: { 'bootstrap.servers': 'stalled', 'linger.ms': '0', 'request.timeout.ms': '500', 'delivery.timeout.ms': '600' },
    records: pair(order),
    steps: both,
  }),
  outcome('buffer.memory is exhausted', {
    config: {
      'bootstrap.servers': 'stalled',
      'buffer.memory': '1000',
      'batch.size': '600',
      'max.block.ms': '300',
      'linger.ms': '0',
      'request.timeout.ms': '500',
      'delivery.timeout.ms': '800',
    },
    records: { r: { ...order, valueSize: 400 }, s: { ...order, valueSize: 400 } },
    steps: ['p send r', 'p send s', 'p result s', 'p result r'],
  }),
  outcome('close gives up after its timeout', {
    interceptors: [{}, {}],
    config: { 'bootstrap.servers': 'stalled' },
    records: pair(order),
    steps: ['p send r', 'p send s callback', 'p close 200', 'p result r'],
  }),
]
