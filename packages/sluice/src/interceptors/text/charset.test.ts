import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { charsetNamed, charsetOf, knownCharset } from './charset.ts'

test('charset - each is known by the names that Java and Node have for it', () => {
  const text = (name: string, ...bytes: number[]): string => charsetOf(name).decode(Buffer.from(bytes))
  for (const name of ['UTF-8', 'utf8', 'UTF_8']) assert.equal(text(name, 0xc3, 0xa9), 'é')
  for (const name of ['ISO-8859-1', 'latin1', 'ISO8859_1']) assert.equal(text(name, 0xe9, 0x80), 'é\u0080')
  for (const name of ['US-ASCII', 'ascii']) assert.equal(text(name, 0x61, 0xe9), 'a\ufffd')
  assert.equal(text('UTF-16LE', 0xe9, 0, 0x61), 'é\ufffd')
  assert.equal(text('UTF-16BE', 0, 0xe9), 'é')
  assert.equal(text('UTF-16', 0, 0xe9), 'é')
  assert.equal(text('UTF-16', 0xff, 0xfe, 0xe9, 0), 'é')
  for (const name of ['windows-1252', 'Cp1252']) assert.equal(text(name, 0x80), '€')
  assert.equal(text('Shift_JIS', 0x82, 0xa0), 'あ')
  assert.equal(charsetNamed('UTF-7'), null)
  assert.match(knownCharset('klingon') ?? '', /must be a charset that is known/)
  assert.match(knownCharset(5) ?? '', /not number/)
})

test('charset - what it does not have is written as a question mark, as in Java', () => {
  const bytes = (name: string, text: string): number[] => [...charsetOf(name).encode!(text)]
  assert.deepEqual(bytes('ISO-8859-1', 'é€😀'), [0xe9, 0x3f, 0x3f])
  assert.deepEqual(bytes('US-ASCII', 'aé'), [0x61, 0x3f])
  assert.deepEqual(bytes('windows-1252', '€あ'), [0x80, 0x3f])
  assert.deepEqual(bytes('UTF-8', 'a\ud83d'), [0x61, 0x3f])
  assert.deepEqual(bytes('UTF-16', 'é'), [0xfe, 0xff, 0, 0xe9])
  assert.deepEqual(bytes('UTF-16BE', 'é'), [0, 0xe9])
  assert.equal(charsetOf('Shift_JIS').encode, undefined)
})

test('charset - any bytes go through decodeExactly and encodeExactly unharmed, or are said to be no text', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.constantFrom('utf-8', 'latin1', 'ascii', 'utf-16le', 'utf-16be', 'windows-1251'),
      (array, name) => {
        const bytes = Buffer.from(array)
        const { decodeExactly, encodeExactly } = charsetOf(name)
        const text = decodeExactly(bytes)
        if (text === null) assert.notEqual(name, 'utf-8')
        else assert.deepEqual([...encodeExactly(text)], [...bytes])
      },
    ),
  )
})

test('charset - valid UTF-8 around a bad byte is read as the text it is', () => {
  const { decodeExactly } = charsetOf('utf-8')
  const parts = ['é€😀a', '', 'ß']
  for (const bad of [[0xff], [0xc0, 0xaf], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]]) {
    const text = decodeExactly(Buffer.concat([Buffer.from(parts[0]!), Buffer.from(bad), Buffer.from(parts[2]!)]))
    assert.equal(text, parts[0] + String.fromCharCode(...bad.map((byte) => 0xdc00 + byte)) + parts[2])
  }
})
