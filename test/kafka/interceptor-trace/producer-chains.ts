import type { ProducerScript, Scenario } from './scenario.ts'

const order = { topic: 'orders', key: 'k', value: 'v' }

/** What a chain makes of one record that then is sent. */
function chain(name: string, interceptors: readonly ProducerScript[], more: Partial<Scenario> = {}): Scenario {
  return {
    name: `chain: ${name}`,
    clients: { p: { kind: 'producer', interceptors } },
    records: { r: order },
    steps: ['p new', 'p partitionsFor orders', 'p send r', 'p flush', 'p result r', 'p close'],
    ...more,
  }
}

const twice = ['p new', 'p partitionsFor orders', 'p send r', 'p flush', 'p result r', 'p send r', 'p flush', 'p result r', 'p close']
const twoPartitions = { orders: { partitions: 2 } }
const tellsTopic = (interceptors: readonly ProducerScript[]): Scenario['clients'] => ({
  p: { kind: 'producer', interceptors, valueSerializer: 'tells' },
})

export const producerChains: readonly Scenario[] = [
  chain('no interceptor', []),
  chain('two append in list order', [{ onSend: ['append -a'] }, { onSend: ['append -b'] }]),
  chain('the first throws', [{ onSend: ['throw'] }, { onSend: ['append -b'] }]),
  chain('the second throws', [{ onSend: ['append -a'] }, { onSend: ['throw'] }]),
  chain('the middle one throws', [{ onSend: ['append -a'] }, { onSend: ['append -b', 'throw'] }, { onSend: ['append -c'] }]),
  chain('both throw', [{ onSend: ['throw'] }, { onSend: ['throw'] }]),
  chain('one throws after it has added a header in place', [{ onSend: ['header a 1', 'throw'] }, { onSend: ['append -b'] }]),
  chain('the first returns null', [{ onSend: ['null'] }, { onSend: ['append -b'] }]),
  chain('the last returns null', [{ onSend: ['append -a'] }, { onSend: ['null'] }]),
  chain('the first returns null, the second makes a record of its own', [{ onSend: ['null'] }, { onSend: ['fresh orders new'] }]),
  chain('the topic changes', [{ onSend: ['topic audit'] }, {}], {
    topics: { orders: {}, audit: {} },
    clients: tellsTopic([{ onSend: ['topic audit'] }, {}]),
    steps: ['p new', 'p partitionsFor orders', 'p partitionsFor audit', 'p send r', 'p flush', 'p result r', 'p close'],
  }),
  chain('the topic changes to an invalid one', [{ onSend: ['topic #'] }]),
  chain('the partition changes', [{ onSend: ['partition 1'] }], { topics: twoPartitions, records: { r: { ...order, partition: 0 } } }),
  // murmur2: "k" goes to partition 1 of 2, "a" to 0.
  chain('the key changes, and the partition with it', [{ onSend: ['key a'] }, {}], { topics: twoPartitions }),
  chain('the key of the record chooses the partition', [{}], { topics: twoPartitions }),
  chain('a value becomes null', [{ onSend: ['value'] }]),
  chain('a value becomes empty', [{ onSend: ["value ''"] }]),
  chain('a header is added in place', [{ onSend: ['header a 1'] }, { onSend: ['header b 2'] }], {
    records: { r: { ...order, headers: { own: '0' } } },
  }),
  chain('a header that is there is added again', [{ onSend: ['header own 1'] }], { records: { r: { ...order, headers: { own: '0' } } } }),
  chain('a new record without headers', [{ onSend: ['header a 1'] }, { onSend: ['bare'] }, {}], {
    records: { r: { ...order, headers: { own: '0' } } },
  }),
  chain('headers changed after send', [{ onSend: ['keep'] }], {
    steps: ['p new', 'p partitionsFor orders', 'p send r', 'p headers a late 1', 'p flush', 'p result r', 'p close'],
  }),
  chain("the caller's headers changed after send", [{ onSend: ['header a 1'] }], {
    steps: ['p new', 'p partitionsFor orders', 'p send r', 'record r header late 1', 'p flush', 'p result r', 'p close'],
  }),
  chain('an interceptor blocks', [{ onSend: ['sleep 50', 'append -a'] }, { onSend: ['append -b'] }], {
    records: { r: order, s: { ...order, value: 'w' } },
    steps: ['p new', 'p partitionsFor orders', 'p send r', 'p send s', 'p flush', 'p result r', 'p result s', 'p close'],
  }),
  chain('a serializer adds a header after the chain', [{}, {}], { clients: tellsTopic([{}, {}]) }),
  chain('the same record object is sent twice', [{ onSend: ['header a 1'] }], { steps: twice }),
  chain('the same record object is sent twice, copied by an interceptor', [{ onSend: ['header a 1', 'append -a'] }], { steps: twice }),
  chain('the same record object is sent again after a failure', [{ onSend: ['header a 1'] }], {
    clients: { p: { kind: 'producer', interceptors: [{ onSend: ['header a 1'] }], valueSerializer: 'refuses' } },
    steps: ['p new', 'p partitionsFor orders', 'p send r', 'p result r', 'p send r', 'p result r', 'p close'],
  }),
  chain('onAcknowledgement of the first throws', [{ onAcknowledgement: ['throw'] }, {}], {
    steps: ['p new', 'p partitionsFor orders', 'p send r callback', 'p flush', 'p close'],
  }),
  chain('onAcknowledgement throws for a send that failed', [{ onAcknowledgement: ['throw'] }, {}], {
    clients: {
      p: { kind: 'producer', interceptors: [{ onAcknowledgement: ['throw'] }, {}], config: { 'max.request.size': '100' } },
    },
    records: { r: { ...order, valueSize: 200 } },
    steps: ['p new', 'p partitionsFor orders', 'p send r callback', 'p close'],
  }),
]
