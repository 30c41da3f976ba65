import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type MessageCodec, ProtocolError, Reader, writeMessage } from '@sluice/protocol'
import { testedMessages, versionsOf } from './codecs.ts'
import { randomMessage } from './random-message.ts'
import { runSeed, type SeededRandom, withSeed } from './seeded-random.ts'

/** Prefixes of a longer message are a sample of this size. */
const MAX_PREFIXES = 60
const MUTATIONS = 12
const RANDOM_INPUTS = 6

describe('generated codecs - hostile bytes give a message or a ProtocolError', () => {
  it('every message cut short is an error with a position', (test) => {
    test.diagnostic(`SLUICE_SEED=${runSeed}`)
    forEachVersion('prefix', (random, codec, version, bytes) => {
      for (const length of prefixes(bytes.length, random)) {
        const error = errorOf(codec, bytes.subarray(0, length), version)
        assert.ok(error !== null, `the first ${length} of ${bytes.length} bytes were read as a whole message`)
        assert.ok(error.position >= 0 && error.position <= length, `position ${error.position} of ${length}`)
      }
    })
  })

  it('changed bytes', () => {
    let failed = 0
    forEachVersion('mutation', (random, codec, version, bytes) => {
      if (bytes.length === 0) return
      for (let i = 0; i < MUTATIONS; i++) if (errorOf(codec, mutated(bytes, random), version) !== null) failed++
    })
    assert.ok(failed > 1000, `only ${failed} inputs were refused`)
  })

  it('random bytes', () => {
    forEachVersion('random', (random, codec, version) => {
      for (let i = 0; i < RANDOM_INPUTS; i++) errorOf(codec, random.bytes(random.integer(0, 200)), version)
    })
  })

  it('a huge count or length takes neither memory nor time', () => {
    // Every four bytes are the largest int32, every varint is as long as it may be.
    const frames = [Buffer.alloc(64 * 1024, 0x7f), Buffer.alloc(64 * 1024, 0xff), Buffer.alloc(64 * 1024), Buffer.alloc(64 * 1024, 1)]
    frames.push(Buffer.from('7fffffff'.repeat(16 * 1024), 'hex'), Buffer.from('ffffffff0f'.repeat(13 * 1024), 'hex'))
    const started = process.cpuUsage()
    const before = process.memoryUsage().heapUsed
    let peak = before
    for (const { codec } of testedMessages) {
      for (const version of versionsOf(codec)) for (const frame of frames) errorOf(codec, frame, version)
      peak = Math.max(peak, process.memoryUsage().heapUsed)
    }
    const { user, system } = process.cpuUsage(started)
    assert.ok(peak - before < 256 * 1024 * 1024, `${Math.round((peak - before) / 1048576)} MiB were taken`)
    assert.ok(user + system < 10_000_000, `${(user + system) / 1e6} s of processor time`)
  })
})

function forEachVersion(name: string, run: (random: SeededRandom, codec: MessageCodec<any>, version: number, bytes: Buffer) => void): void {
  for (const { message, codec } of testedMessages) {
    for (const version of versionsOf(codec)) {
      withSeed(`${name} ${message.name} v${version}`, (random) => {
        run(random, codec, version, writeMessage(codec, randomMessage(message, version, random), version))
      })
    }
  }
}

/** The ProtocolError of reading, or null; anything else that is thrown fails the test. */
function errorOf(codec: MessageCodec<unknown>, bytes: Buffer, version: number): ProtocolError | null {
  try {
    const reader = new Reader(bytes)
    codec.read(reader, version)
    assert.ok(reader.position <= bytes.length, 'read beyond the end')
    return null
  } catch (error) {
    if (error instanceof ProtocolError) return error
    throw new Error(`${codec.name} v${version} on ${bytes.subarray(0, 2000).toString('hex')}`, { cause: error })
  }
}

function prefixes(length: number, random: SeededRandom): number[] {
  if (length <= MAX_PREFIXES) return Array.from({ length }, (_, i) => i)
  return Array.from({ length: MAX_PREFIXES }, () => random.integer(0, length - 1))
}

function mutated(bytes: Buffer, random: SeededRandom): Buffer {
  const copy = Buffer.from(bytes)
  for (let i = random.integer(1, 3); i > 0; i--) {
    const at = random.integer(0, copy.length - 1)
    copy[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.integer(0, 255)])
  }
  // Sometimes the length is wrong as well.
  return random.chance(0.2) ? copy.subarray(0, random.integer(0, copy.length)) : copy
}
