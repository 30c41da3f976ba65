import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { ProtocolError, Reader, readMessage, Writer, writeMessage } from '@sluice/protocol'
import { contains, type Field, type Struct } from '../../tools/gen-protocol/definition.ts'
import { testedMessages, versionsOf } from './codecs.ts'
import { defaultOf, defaultStruct, randomMessage, randomValue, type Values } from './random-message.ts'
import { withSeed } from './seeded-random.ts'

const ROUNDS = 12

describe('generated codecs - what was written is what is read', () => {
  it('covers every message of the facts', () => {
    assert.equal(testedMessages.length, 110)
    const pairs = testedMessages.reduce((sum, { codec }) => sum + versionsOf(codec).length, 0)
    assert.equal(pairs, 488)
  })

  for (const { message, codec } of testedMessages) {
    it(`${message.name} keeps every value in versions ${codec.minVersion} to ${codec.maxVersion}`, () => {
      for (const version of versionsOf(codec)) {
        for (let round = 0; round < ROUNDS; round++) {
          withSeed(`${message.name} v${version} round ${round}`, (random) => {
            // Round 0 is all defaults and nulls, round 1 has a value everywhere.
            const values = randomMessage(message, version, random, { defaults: [1, 0][round] ?? 0.2 })
            const bytes = writeMessage(codec, values, version)
            const read = readMessage<Values>(codec, bytes, 0, version)
            assert.deepEqual(read, values)
            assert.deepEqual(Object.keys(read), Object.keys(values), 'the order of fields')
            assertSameBytes(writeMessage(codec, read, version), bytes)
            // A field left out is a field at its default.
            assertSameBytes(writeMessage(codec, withoutDefaults(message.root, values), version), bytes)
            // A message may stand anywhere in a buffer.
            const padded = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(2, 0xff)])
            const reader = new Reader(padded, 3)
            assertSameBytes(writeMessage(codec, codec.read(reader, version), version), bytes)
            assert.equal(reader.position, 3 + bytes.length)
          })
        }
      }
    })
  }

  it('a version outside the range is refused in both directions', () => {
    for (const { codec } of testedMessages) {
      for (const version of [codec.minVersion - 1, codec.maxVersion + 1, Number.NaN]) {
        assert.throws(() => codec.read(new Reader(Buffer.alloc(100)), version), unsupported(codec.name))
        assert.throws(() => codec.write(new Writer(), {}, version), unsupported(codec.name))
      }
    }
  })

  it('a field that the version lacks is refused by name, unless it may be ignored', () => {
    let refused = 0
    let ignored = 0
    for (const { message, codec } of testedMessages) {
      for (const version of versionsOf(codec)) {
        for (const [path, field] of lackingFields(message.root, version, [])) {
          withSeed(`${message.name} v${version} ${field.name}`, (random) => {
            let value = randomValue(field.type, field.versions.from, random)
            while (isDefault(field, value)) value = randomValue(field.type, field.versions.from, random)
            const values = nested(message.root, path, { [field.name]: value })
            if (field.ignorable) {
              assertSameBytes(writeMessage(codec, values, version), writeMessage(codec, nested(message.root, path, {}), version))
              ignored++
            } else {
              const named = (error: unknown): boolean => unsupported(message.name)(error) && (error as Error).message.includes(field.name)
              assert.throws(() => writeMessage(codec, values, version), named)
              refused++
            }
          })
        }
      }
    }
    assert.ok(refused > 200 && ignored > 200, `${refused} refused, ${ignored} ignored`)
  })

  it('bytes may be given in several buffers', () => {
    for (const { message, codec } of testedMessages) {
      if (!message.root.fields.some((field) => field.type.kind === 'primitive' && field.type.name === 'bytes')) continue
      for (const version of versionsOf(codec)) {
        withSeed(`${message.name} v${version}`, (random) => {
          const values = randomMessage(message, version, random, { defaults: 0 })
          const split = Object.fromEntries(
            Object.entries(values).map(([name, value]) => [name, Buffer.isBuffer(value) ? halves(value) : value]),
          )
          assertSameBytes(writeMessage(codec, split, version), writeMessage(codec, values, version))
        })
      }
    }
  })
})

function assertSameBytes(actual: Buffer, expected: Buffer): void {
  if (!actual.equals(expected)) assert.equal(actual.toString('hex'), expected.toString('hex'))
}

function unsupported(name: string): (error: unknown) => boolean {
  return (error) => error instanceof ProtocolError && error.code === 'UNSUPPORTED_VERSION' && error.message.includes(name)
}

function halves(bytes: Buffer): Buffer[] {
  const middle = bytes.length >> 1
  return [bytes.subarray(0, middle), bytes.subarray(middle)]
}

function isDefault(field: Field, value: unknown): boolean {
  return isDeepStrictEqual(value, defaultOf(field))
}

function withoutDefaults(struct: Struct, values: Values): Values {
  const kept: Values = {}
  for (const field of struct.fields) {
    const value = values[field.name]
    if (isDefault(field, value)) continue
    const { type } = field
    if (type.kind === 'array' && type.element.kind === 'struct' && value !== null) {
      const { struct: element } = type.element
      kept[field.name] = (value as Values[]).map((item) => withoutDefaults(element, item))
    } else if (type.kind === 'struct' && value !== null) kept[field.name] = withoutDefaults(type.struct, value as Values)
    else kept[field.name] = value
  }
  return kept
}

/** The fields, at every depth, that `version` lacks though it has what they stand in. */
function* lackingFields(struct: Struct, version: number, path: readonly Field[]): Generator<[path: readonly Field[], field: Field]> {
  for (const field of struct.fields) {
    if (!contains(field.versions, version)) {
      yield [path, field]
      continue
    }
    const type = field.type.kind === 'array' ? field.type.element : field.type
    if (type.kind === 'struct' && field.tag === null) yield* lackingFields(type.struct, version, [...path, field])
  }
}

/** A message of defaults that holds `innermost` at the end of `path`. */
function nested(struct: Struct, path: readonly Field[], innermost: Values): Values {
  const [first, ...rest] = path
  if (first === undefined) return { ...defaultStruct(struct), ...innermost }
  const type = first.type.kind === 'array' ? first.type.element : first.type
  if (type.kind !== 'struct') throw new Error('a path leads through structs')
  const value = nested(type.struct, rest, innermost)
  return { ...defaultStruct(struct), [first.name]: first.type.kind === 'array' ? [value] : value }
}
