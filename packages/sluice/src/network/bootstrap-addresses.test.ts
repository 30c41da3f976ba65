import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBootstrapServers } from './bootstrap-addresses.ts'

test('bootstrap addresses - a text or a list gives nodes with negative ids', () => {
  assert.deepEqual(parseBootstrapServers(' a.example:9092 , b:9093,'), [
    { id: -1, host: 'a.example', port: 9092, rack: null },
    { id: -2, host: 'b', port: 9093, rack: null },
  ])
  assert.deepEqual(
    parseBootstrapServers(['a:1', 'b:2,c:3']).map((node) => node.host),
    ['a', 'b', 'c'],
  )
})

test('bootstrap addresses - IPv6 in brackets and a listener name are understood', () => {
  assert.deepEqual(
    parseBootstrapServers('[::1]:9092,SASL_SSL://kafka:9094').map(({ host, port }) => [host, port]),
    [
      ['::1', 9092],
      ['kafka', 9094],
    ],
  )
})

for (const bad of ['kafka', 'kafka:', ':9092', 'kafka:0', 'kafka:65536', 'kafka:9o92', '::1:9092', 'user@kafka:9092', 'a b:1']) {
  test(`bootstrap addresses - "${bad}" is refused by name`, () => {
    assert.throws(
      () => parseBootstrapServers(`good:9092,${bad}`),
      (error: any) => {
        assert.equal(error.code, 'CONFIG')
        assert.match(error.message, /bootstrapServers/)
        assert.ok(error.message.includes(`"${bad}"`))
        return true
      },
    )
  })
}

test('bootstrap addresses - none at all is refused', () => {
  for (const none of ['', ' , ', []]) assert.throws(() => parseBootstrapServers(none), { code: 'CONFIG' })
})
