import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch, errorCodes, type RecordBatchHeader, readBatchHeader } from '@sluice/protocol'
import { ProducerState, type SequenceCheck } from './producer-state.ts'

function header(baseSequence: number, recordsCount = 1, producerEpoch = 0, producerId = 7): RecordBatchHeader {
  const records = Array.from({ length: recordsCount }, () => ({ value: 'x' }))
  return readBatchHeader(encodeBatch(records, { producerId, producerEpoch, baseSequence }), 0)
}

/** Checks the batch, and appends it at its offset when it may be appended. */
function produce(state: ProducerState, batch: RecordBatchHeader, baseOffset: number): SequenceCheck {
  const check = state.check(batch)
  if (check.kind === 'append') state.appended(batch, baseOffset, -1)
  return check
}

function errorOf(check: SequenceCheck): number {
  return check.kind === 'error' ? check.errorCode : 0
}

test('producer state - a batch that is sent again is answered with its first offset, for the last five batches', () => {
  const state = new ProducerState()
  for (let i = 0; i < 7; i++) assert.equal(produce(state, header(i * 3, 3), i * 3 + 100).kind, 'append')
  for (let i = 2; i < 7; i++) assert.deepEqual(state.check(header(i * 3, 3)), { kind: 'duplicate', baseOffset: i * 3 + 100, timestamp: -1 })
  assert.equal(errorOf(state.check(header(3, 3))), errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
})

test('producer state - a gap, or a batch cut differently, is out of order and appends nothing', () => {
  const state = new ProducerState()
  produce(state, header(0, 3), 0)
  assert.equal(errorOf(produce(state, header(4), 3)), errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(errorOf(produce(state, header(0, 2), 3)), errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(produce(state, header(3), 3).kind, 'append')
})

test('producer state - an unknown producer may begin anywhere, a new epoch only at zero, and an old epoch is fenced', () => {
  const state = new ProducerState()
  assert.equal(produce(state, header(500), 0).kind, 'append')
  assert.equal(errorOf(produce(state, header(501, 1, 1), 1)), errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(produce(state, header(0, 1, 1), 1).kind, 'append')
  assert.equal(errorOf(produce(state, header(501), 2)), errorCodes.INVALID_PRODUCER_EPOCH)
})

test('producer state - sequence numbers go on from 0 after 2^31-1', () => {
  const state = new ProducerState()
  produce(state, header(2 ** 31 - 2, 4), 0)
  assert.equal(state.check(header(2 ** 31 - 2, 4)).kind, 'duplicate')
  assert.equal(produce(state, header(2), 4).kind, 'append')
})

test('producer state - producers do not touch one another, and one without an id is not remembered', () => {
  const state = new ProducerState()
  produce(state, header(0, 1, 0, 7), 0)
  assert.equal(produce(state, header(0, 1, 0, 8), 1).kind, 'append')
  assert.equal(produce(state, header(-1, 1, -1, -1), 2).kind, 'append')
  assert.equal(state.size, 2)
  assert.equal(errorOf(state.check(header(-1, 1, 0, 9))), errorCodes.INVALID_RECORD)
})

test('producer state - of very many producers the ones that were silent longest are forgotten', () => {
  const state = new ProducerState()
  const first = header(0, 1, 0, 1)
  for (let id = 1; id <= 10_000; id++) produce(state, { ...first, producerId: id }, id)
  produce(state, { ...first, producerId: 1, baseSequence: 1 }, 20_000)
  for (let id = 10_001; id <= 10_010; id++) produce(state, { ...first, producerId: id }, id)
  assert.equal(state.size, 10_000)
  assert.equal(state.check({ ...first, producerId: 1 }).kind, 'duplicate')
  assert.equal(state.check({ ...first, producerId: 2 }).kind, 'append')
  assert.equal(state.check({ ...first, producerId: 12 }).kind, 'duplicate')
})
