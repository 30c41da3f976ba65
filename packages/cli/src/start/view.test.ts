import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InterceptorChain } from 'sluice'
import { RunFigures } from './figures.ts'
import { liveLines, plainLine } from './view.ts'

const title = {
  broker: 'embedded broker 127.0.0.1:9092',
  topic: 'logs',
  partitions: 3,
  source: 'this machine',
  producerChain: ['timestamp-header', 'regex-filter'],
  consumerChain: ['latency'],
  monitor: 'http://127.0.0.1:9470/',
}
const rates = { produced: 20, producedBytes: 3100, consumed: 15, consumedBytes: 2000 }

function figures(): RunFigures {
  const run = new RunFigures()
  Object.assign(run, { produced: 100, acknowledged: 80, consumed: 78, dropped: 19, failed: 1 })
  run.chain = { stats: () => [{ name: 'regex-filter', dropped: 19 }] } as unknown as InterceptorChain
  run.latency.record(7)
  return run
}

test('view - both forms show the same figures: rates, lag, who dropped, latency', () => {
  const live = liveLines(title, figures(), rates, 12).join('\n')
  const plain = plainLine(figures(), rates, 12)
  for (const text of [live, plain]) {
    assert.match(text, /20\.0\/s/)
    assert.match(text, /3\.1 kB\/s/)
    assert.match(text, /lag\s+2\b/)
    assert.match(text, /dropped\s+19\s+\(?regex-filter 19/)
    assert.match(text, /p50 7 ms/)
    assert.match(text, /failed\s+1\b/)
  }
})

test('view - the summary is one line of JSON with the names that scripts read', () => {
  assert.equal(figures().summary(), '{"produced":100,"acknowledged":80,"consumed":78,"dropped":19,"failed":1,"p50Ms":7,"p99Ms":7}')
})
