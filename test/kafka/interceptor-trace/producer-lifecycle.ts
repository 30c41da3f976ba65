import type { ProducerScript, RecordSpec, Scenario } from './scenario.ts'

const order: RecordSpec = { topic: 'orders', key: 'k', value: 'v' }

function lifecycle(
  name: string,
  interceptors: readonly ProducerScript[],
  steps: readonly string[],
  config?: Record<string, string>,
): Scenario {
  return {
    name: `lifecycle: ${name}`,
    clients: { p: { kind: 'producer', interceptors, ...(config === undefined ? {} : { config }) } },
    records: { r: order, s: { ...order, value: 'w' }, none: null },
    steps,
  }
}

/** A batch goes out by itself, and not before the steps that send are through. */
const soon = { 'linger.ms': '100' }
const ready = ['p new', 'p partitionsFor orders']

export const producerLifecycle: readonly Scenario[] = [
  lifecycle('configure sees the resolved client id and the options given', [{}, {}], ['p new', 'p close'], { acks: '1' }),
  lifecycle('configure sees a generated client id', [{}], ['p new', 'p close'], { 'client.id': '' }),
  lifecycle('configure of the first throws', [{ configure: ['throw'] }, {}], ['p new']),
  lifecycle('configure of the second throws', [{}, { configure: ['throw'] }, {}], ['p new']),
  lifecycle('configure of the last throws, and a close too', [{ close: ['throw'] }, { configure: ['throw'] }], ['p new']),
  lifecycle('the same interceptor twice', [{}, { sameAs: 0 }], [...ready, 'p send r', 'p flush', 'p result r', 'p close']),
  lifecycle('a wrong option is found before configure', [{}], ['p new'], { acks: 'some' }),
  lifecycle(
    "the cluster's id is known at the first acknowledgement",
    [{ tellsCluster: true }],
    [...ready, 'p send r', 'p flush', 'p close'],
  ),
  lifecycle('close sends what is pending', [{}, {}], [...ready, 'p send r', 'p send s callback', 'p close', 'p result r']),
  lifecycle('close(0) gives up what is pending', [{}, {}], [...ready, 'p send r', 'p send s callback', 'p close 0', 'p result r']),
  lifecycle('close twice', [{}, {}], [...ready, 'p close', 'p close']),
  lifecycle('close of the first throws', [{ close: ['throw'] }, {}], [...ready, 'p close']),
  lifecycle('send after close, future', [{}, {}], [...ready, 'p close', 'p send r', 'p result r']),
  lifecycle('send after close, callback', [{}], [...ready, 'p close', 'p send r callback']),
  lifecycle('send(null) after close', [{}], [...ready, 'p close', 'p send none', 'p result none']),
  lifecycle('flush after close', [{}], [...ready, 'p close', 'p flush']),
  lifecycle('flush in a callback', [{}], [...ready, 'p send r callback flush', 'p flush', 'p close']),
  lifecycle('close in a callback', [{}], [...ready, 'p send r callback close', 'sleep 800'], soon),
  lifecycle(
    'close in a callback with another record in the batch',
    [{}],
    [...ready, 'p send r callback close', 'p send s callback', 'sleep 800'],
    soon,
  ),
]
