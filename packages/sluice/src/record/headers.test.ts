import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isKafkaError } from '../errors.ts'
import { emptyHeaders, RecordHeaders } from './headers.ts'

const pairs = (headers: RecordHeaders): unknown[] => [...headers].map(({ key, value }) => [key, value?.toString() ?? null])
const code = (wanted: string) => (error: unknown) => isKafkaError(error) && error.code === wanted

test('headers - keep their order, and a key may repeat', () => {
  const headers = new RecordHeaders().add('a', '1').add('b', null).add('a', Buffer.from('é'))
  assert.deepEqual(pairs(headers), [
    ['a', '1'],
    ['b', null],
    ['a', 'é'],
  ])
  assert.equal(headers.getString('a'), 'é')
  assert.equal(headers.get('b'), null)
  assert.equal(headers.get('c'), undefined)
  assert.deepEqual(headers.getAll('a').map(String), ['1', 'é'])
  assert.deepEqual(headers.keys(), ['a', 'b'])
})

test('headers - set replaces every header with the key, delete tells whether there was one', () => {
  const headers = RecordHeaders.from({ a: ['1', '2'], b: '3' })
  headers.set('a', 'x')
  assert.deepEqual(pairs(headers), [
    ['b', '3'],
    ['a', 'x'],
  ])
  assert.equal(headers.delete('a'), true)
  assert.equal(headers.delete('a'), false)
  assert.equal(headers.size, 1)
})

test('headers - from copies, whatever it is given', () => {
  const given = new RecordHeaders().add('a', '1')
  for (const init of [given, [['a', '1']] as const, { a: '1' }, { a: Uint8Array.of(0x31) }]) {
    const copy = RecordHeaders.from(init)
    copy.add('b', '2')
    assert.deepEqual(pairs(copy), [
      ['a', '1'],
      ['b', '2'],
    ])
  }
  assert.equal(given.size, 1)
  assert.equal(RecordHeaders.from(undefined).size, 0)
})

test('headers - a copy of read-only headers can be changed (KP-7)', () => {
  const sent = new RecordHeaders().add('a', '1').setReadOnly()
  assert.throws(() => sent.add('b', '2'), code('ILLEGAL_STATE'))
  assert.throws(() => sent.set('a', '2'), code('ILLEGAL_STATE'))
  assert.throws(() => sent.delete('a'), code('ILLEGAL_STATE'))
  assert.equal(RecordHeaders.from(sent).add('b', '2').size, 2)
  assert.throws(() => emptyHeaders().add('a', '1'), code('ILLEGAL_STATE'))
})

test('headers - a wrong value is refused by the name of its key, and is not told', () => {
  for (const init of [{ token: 4711 }, [['token', 4711]], { token: { secret: 4711 } }, { token: undefined }]) {
    assert.throws(
      () => RecordHeaders.from(init as never),
      (error) => isKafkaError(error) && error.code === 'INVALID_ARGUMENT' && /token/.test(error.message) && !/4711/.test(error.message),
    )
  }
  for (const init of ['text', 5, [['a']], [5], [[7, 'x']]]) assert.throws(() => RecordHeaders.from(init as never), code('INVALID_ARGUMENT'))
})

test('headers - a text becomes bytes when they are asked for, once, and reaches the encoder as it was given', () => {
  const bytes = Buffer.from('2')
  const headers = new RecordHeaders().add('a', 'é').add('b', bytes).add('c', null)
  assert.deepEqual(headers.toFlat(), ['a', 'é', 'b', bytes, 'c', null])
  const made = headers.get('a')
  assert.deepEqual(made, Buffer.from('é'))
  assert.equal(headers.get('a'), made)
  assert.equal([...headers][0]?.value, made)
  assert.equal(headers.get('b'), bytes)
  assert.deepEqual(headers.toFlat(), ['a', made, 'b', bytes, 'c', null])
})

test('headers - a read-only list still gives the bytes of its texts', () => {
  assert.deepEqual(new RecordHeaders().add('a', '1').setReadOnly().get('a'), Buffer.from('1'))
})

const commands = fc.array(
  fc.tuple(fc.constantFrom('add', 'set', 'delete'), fc.constantFrom('a', 'b', 'c'), fc.option(fc.constantFrom('', '1', 'ü'))),
  { maxLength: 30 },
)

test('headers - do what a plain list of pairs does', () => {
  fc.assert(
    fc.property(commands, (steps) => {
      const headers = new RecordHeaders()
      let model: [string, string | null][] = []
      for (const [step, key, value] of steps) {
        const had = model.some(([name]) => name === key)
        if (step !== 'add') model = model.filter(([name]) => name !== key)
        if (step === 'delete') assert.equal(headers.delete(key), had)
        else {
          headers[step](key, value)
          model.push([key, value])
        }
        assert.deepEqual(pairs(RecordHeaders.from(headers)), model)
        assert.equal(headers.size, model.length)
        assert.equal(
          headers.has('a'),
          model.some(([name]) => name === 'a'),
        )
        assert.equal(headers.getString('a'), model.findLast(([name]) => name === 'a')?.[1])
        assert.deepEqual(headers.keys(), [...new Set(model.map(([name]) => name))])
      }
      assert.deepEqual(pairs(headers), model)
    }),
  )
})

test('headers - may be changed while they are gone through', () => {
  const headers = RecordHeaders.from({ a: '1', b: '2', c: '3' })
  const seen: string[] = []
  for (const { key } of headers) {
    seen.push(key)
    headers.delete(key)
  }
  assert.deepEqual(seen, ['a', 'b', 'c'])
  assert.equal(headers.size, 0)
})

test('headers - deleteAll is delete of each key', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.string())),
      fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')),
      (init, keys) => {
        const [one, other] = [RecordHeaders.from(init), RecordHeaders.from(init)]
        const deleted = keys.map((key) => one.delete(key))
        assert.equal(other.deleteAll(new Set(keys)), deleted.includes(true))
        assert.deepEqual(pairs(other), pairs(one))
      },
    ),
  )
  const sent = RecordHeaders.from({ a: '1' }).setReadOnly()
  assert.equal(sent.deleteAll(new Set(['b'])), false)
  assert.throws(() => sent.deleteAll(new Set(['a'])), /read only/)
})
