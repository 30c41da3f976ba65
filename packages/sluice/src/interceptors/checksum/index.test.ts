import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checksumOf, type Verdict } from 'sluice'
import { interceptorContract, rawRecordOf, recordContext, serializedRecordOf, testContext } from 'sluice/testing'
import { type ChecksumOptions, checksum } from './index.ts'

interceptorContract(checksum, { changes: ['headers'] })

const context = recordContext()
const verdictOf = (options: ChecksumOptions, headers: Record<string, string | null>) =>
  checksum(options).onFetched?.(rawRecordOf({ value: 'abc', headers }), context)

test('checksum - the header holds CRC-32C of key and value in decimal, whatever was there before', () => {
  const interceptor = checksum()
  // The check value of CRC-32C, split over key and value.
  const record = serializedRecordOf({ key: '1234', value: '56789', headers: { 'checksum-crc32c': 'old' } })
  assert.equal(interceptor.onSerialized?.(record, context), record)
  assert.deepEqual(record.headers.getAll('checksum-crc32c').map(String), [String(0xe3069283)])
  assert.deepEqual(interceptor.counts(), { written: 1, verified: 0, mismatched: 0, missing: 0 })
})

test('checksum - what was sent is verified, and any other bytes are not', () => {
  const bytes = fc.option(fc.uint8Array({ maxLength: 40 }))
  fc.assert(
    fc.property(bytes, bytes, bytes, (key, value, changed) => {
      const interceptor = checksum({ headerName: 'sum' })
      const sent = serializedRecordOf({ key, value })
      interceptor.onSerialized?.(sent, context)
      const same = rawRecordOf({ key, value, headers: sent.headers })
      assert.equal(interceptor.onFetched?.(same, context), same)
      const other = rawRecordOf({ key, value: changed, headers: sent.headers })
      const isSame = checksumOf(other.key, other.value) === checksumOf(same.key, same.value)
      assert.equal(interceptor.onFetched?.(other, context) === other, isSame)
      assert.equal(interceptor.counts().mismatched, isSame ? 0 : 1)
    }),
  )
})

test('checksum - a mismatch is rejected, dropped, dead-lettered or only told of, as onMismatch says', () => {
  const headers = { 'checksum-crc32c': '7' }
  const { verdict, error } = verdictOf({}, headers) as Verdict & { readonly verdict: 'reject' }
  assert.equal(verdict, 'reject')
  assert.match(error.message, /^record 0 of topic-0: checksum mismatch/)
  assert.equal((verdictOf({ onMismatch: 'deadLetter' }, headers) as Verdict).verdict, 'deadLetter')
  assert.deepEqual(verdictOf({ onMismatch: 'drop' }, headers), { verdict: 'drop', reason: 'checksum mismatch' })
  for (const value of ['', 'x', null]) assert.equal((verdictOf({}, { 'checksum-crc32c': value }) as Verdict).verdict, 'reject')
})

test('checksum - with "warn" records pass, and the log has one line for many', () => {
  const interceptor = checksum({ onMismatch: 'warn', onMissing: 'warn' })
  const client = testContext({ side: 'consumer' })
  interceptor.configure?.(client)
  const record = rawRecordOf({ value: 'secret', headers: { 'checksum-crc32c': '7' } })
  for (let n = 0; n < 5; n++) assert.equal(interceptor.onFetched?.(record, context), record)
  assert.equal(client.logger.lines.length, 1)
  client.clock.advance(10_000)
  interceptor.onFetched?.(rawRecordOf(), context)
  assert.deepEqual(client.logger.messages('warn'), ['checksum mismatch', 'checksum missing'])
  assert.equal(client.logger.text().includes('secret'), false)
  assert.deepEqual(interceptor.counts(), { written: 0, verified: 0, mismatched: 5, missing: 1 })
})

test('checksum - records without one are accepted unless onMissing says otherwise', () => {
  const record = rawRecordOf({ value: 'abc' })
  assert.equal(checksum().onFetched?.(record, context), record)
  assert.equal((verdictOf({ onMissing: 'reject' }, {}) as Verdict).verdict, 'reject')
  assert.deepEqual(verdictOf({ onMissing: 'drop' }, {}), { verdict: 'drop', reason: 'checksum missing' })
})

test('checksum - a policy that does not exist is refused with those that do', () => {
  assert.throws(() => checksum({ onMismatch: 'ignore' as never }), /onMismatch must be one of reject, drop, deadLetter, warn, not "ignore"/)
})
