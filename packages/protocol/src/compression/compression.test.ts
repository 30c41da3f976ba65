import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { compressSync as rawSnappy } from 'snappy'
import { seeded } from '../records/testing/arbitraries.ts'
import { ProtocolError, type ProtocolErrorCode } from '../wire/protocol-error.ts'
import {
  type CompressionType,
  compress,
  compressionLevels,
  compressionTypes,
  createCompressor,
  decompress,
  loadCompression,
} from './index.ts'
import { lz4Frames, lz4Text } from './testing/lz4-frames.ts'
import { xxh32 } from './xxh32.ts'

const MIB = 1024 * 1024
const codecs = compressionTypes.filter((type) => type !== 'none')

function refuses(action: () => unknown, code: ProtocolErrorCode, message?: RegExp): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof ProtocolError, String(error))
    assert.equal(error.code, code, error.message)
    if (message !== undefined) assert.match(error.message, message)
    return true
  })
}

/** From nothing to several blocks of every codec, compressible and not. */
const contents: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(fc.nat(40000), fc.string({ minLength: 1, maxLength: 90 })).map(([length, fill]) => Buffer.alloc(length, fill)),
      fc.tuple(fc.nat(40000), fc.integer()).map(([length, start]) => noise(length, start)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts))

function noise(length: number, start: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = start
  for (let i = 0; i < length; i++) bytes[i] = (state = (Math.imul(state, 1664525) + 1013904223) | 0) >>> 24
  return bytes
}

for (const codec of codecs) {
  test(`compression ${codec} - any bytes survive a round trip`, async (t) => {
    await loadCompression(codec)
    fc.assert(
      fc.property(contents, (bytes) => {
        assert.ok(decompress(codec, compress(codec, bytes), bytes.length).equals(bytes))
      }),
      seeded(t, 40),
    )
  })

  test(`compression ${codec} - any bytes survive a round trip through another thread, one after the other`, async (t) => {
    await loadCompression(codec)
    const compressor = createCompressor(codec)
    const compressed = (bytes: Buffer): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        compressor.compress(bytes, (error, chunks) => (error === null ? resolve(Buffer.concat(chunks)) : reject(error)))
      })
    await fc.assert(
      fc.asyncProperty(contents, async (bytes) => {
        const before = Buffer.from(bytes)
        const packed = await compressed(bytes)
        bytes.fill(0)
        assert.ok(decompress(codec, packed, before.length).equals(before))
      }),
      seeded(t, 40),
    )
    compressor.close()
  })

  test(`compression ${codec} - a compressor that is closed while it works finishes its piece`, async () => {
    await loadCompression(codec)
    const compressor = createCompressor(codec)
    const bytes = Buffer.alloc(300_000, 'some text ')
    const done = new Promise<readonly Buffer[]>((resolve) => compressor.compress(bytes, (_error, chunks) => resolve(chunks)))
    compressor.close()
    assert.ok(decompress(codec, Buffer.concat(await done), MIB).equals(bytes))
  })

  test(`compression ${codec} - the result never exceeds the maximum`, () => {
    const bomb = compress(codec, Buffer.alloc(8 * MIB))
    const before = process.memoryUsage().arrayBuffers
    refuses(() => decompress(codec, bomb, MIB), 'OUT_OF_RANGE', /larger than 1048576 bytes/)
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 * MIB)
    assert.equal(decompress(codec, bomb, 8 * MIB).length, 8 * MIB)
    refuses(() => decompress(codec, bomb, 8 * MIB - 1), 'OUT_OF_RANGE')
    refuses(() => decompress(codec, compress(codec, Buffer.from('abc')), 0), 'OUT_OF_RANGE')
    assert.equal(decompress(codec, compress(codec, Buffer.alloc(0)), 0).length, 0)
  })

  test(`compression ${codec} - bytes cut off anywhere are never taken for whole`, () => {
    const bytes = Buffer.concat([Buffer.alloc(50000, 'some text '), noise(30000, 1)])
    const packed = compress(codec, bytes)
    for (let length = 0; length < packed.length; length += 1 + (length >> 4)) {
      let result: Buffer | undefined
      try {
        result = decompress(codec, packed.subarray(0, length), MIB)
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error))
      }
      // Xerial's framing has no end mark: a cut between two blocks leaves whole blocks.
      if (result !== undefined)
        assert.ok(codec === 'snappy' && result.length < bytes.length, `cut at ${length} gave ${result.length} bytes`)
    }
  })

  test(`compression ${codec} - changed bytes give a ProtocolError or a bounded result`, (t) => {
    const packed = compress(codec, Buffer.concat([Buffer.alloc(3000, 'a line of text '), noise(200, 1)]))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }), (changes) => {
        const changed = Buffer.from(packed)
        for (const [at, byte] of changes) changed[at] = byte
        try {
          assert.ok(decompress(codec, changed, 10000).length <= 10000)
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String((error as Error).stack))
        }
      }),
      seeded(t, 300),
    )
  })
}

test('compression none - hands the bytes through', () => {
  const bytes = Buffer.from('abc')
  assert.equal(compress('none', bytes), bytes)
  assert.equal(decompress('none', bytes, 3), bytes)
})

test('compression levels - are those of the Java client, and others are refused by name', () => {
  const bytes = Buffer.alloc(20000, 'some text to compress ')
  for (const [codec, level] of [
    ['gzip', 0],
    ['gzip', 10],
    ['lz4', 0],
    ['lz4', 18],
    ['zstd', 23],
    ['zstd', 1.5],
  ] as const) {
    refuses(() => compress(codec, bytes, level), 'OUT_OF_RANGE', new RegExp(`"${codec}" has levels`))
  }
  for (const codec of codecs) {
    const levels = compressionLevels(codec)
    if (levels === null) continue
    for (const level of [levels.min, levels.max, levels.default])
      assert.ok(decompress(codec, compress(codec, bytes, level), MIB).equals(bytes))
  }
  assert.deepEqual(compressionLevels('gzip'), { min: 1, max: 9, default: -1 })
  assert.equal(compressionLevels('snappy'), null)
  const text = noise(50000, 3).map((byte) => byte & 7)
  assert.ok(compress('gzip', Buffer.from(text), 9).length < compress('gzip', Buffer.from(text), 1).length)
})

test('compression - an unknown codec is named', () => {
  refuses(
    () => compress('brotli' as CompressionType, Buffer.alloc(1)),
    'UNSUPPORTED_CODEC',
    /"brotli" is not one of none, gzip, snappy, lz4, zstd/,
  )
  refuses(() => decompress('toString' as CompressionType, Buffer.alloc(1), 1), 'UNSUPPORTED_CODEC')
})

test('snappy - reads a bare block, as librdkafka writes it', (t) => {
  fc.assert(
    fc.property(contents, (bytes) => {
      assert.ok(decompress('snappy', rawSnappy(bytes), bytes.length).equals(bytes))
    }),
    seeded(t, 30),
  )
})

test('snappy - a claimed size costs nothing', () => {
  const before = process.memoryUsage().arrayBuffers
  // 4 GiB - 1, and two bytes.
  refuses(() => decompress('snappy', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]), 2 ** 33), 'CORRUPT', /claims more bytes/)
  assert.ok(process.memoryUsage().arrayBuffers - before < MIB)
})

for (const [features, frame] of Object.entries(lz4Frames)) {
  test(`lz4 - reads a frame with ${features}`, () => {
    const bytes = Buffer.from(frame, 'base64')
    assert.ok(decompress('lz4', bytes, 70000).equals(lz4Text()))
    refuses(() => decompress('lz4', bytes, 69999), 'OUT_OF_RANGE')
  })
}

test('lz4 - frames are those of another implementation, both ways', (t) => {
  fc.assert(
    fc.property(contents, fc.boolean(), fc.boolean(), (bytes, contentChecksum, blockChecksums) => {
      assert.ok(decompressFrameSync(compress('lz4', bytes)).equals(bytes))
      assert.ok(decompress('lz4', compressFrameSync(bytes, { contentChecksum, blockChecksums }), bytes.length).equals(bytes))
    }),
    seeded(t, 30),
  )
})

test('lz4 - what a frame has checksums of cannot change unnoticed', () => {
  const frame = Buffer.from(lz4Frames['linked blocks, content size and block checksums']!, 'base64')
  // The magic, the descriptor and its checksum; then the first block, past its size.
  for (const at of [0, 3, 4, 5, 8, 14, 19, 30, 100]) {
    const changed = Buffer.from(frame)
    changed[at]! ^= 0x04
    refuses(() => decompress('lz4', changed, MIB), 'CORRUPT')
  }
})

test('xxh32 - gives the published check values', () => {
  assert.equal(xxh32(Buffer.alloc(0)), 0x02cc5d05)
  assert.equal(xxh32(Buffer.from('a')), 0x550d7456)
  assert.equal(xxh32(Buffer.from('abc')), 0x32d153ff)
  assert.equal(xxh32(Buffer.from('Nobody inspects the spammish repetition')), 0xe2293b2f)
})

test('gzip - reads several members, as gzip allows', () => {
  const both = Buffer.concat([gzipSync('one '), gzipSync('two')])
  assert.equal(decompress('gzip', both, 100).toString(), 'one two')
})

test('a missing package - is named when compressing, and not needed to decompress', async () => {
  // A copy outside of any node_modules finds no package.
  const directory = await mkdtemp(join(tmpdir(), 'sluice-compression-'))
  try {
    const source = dirname(dirname(fileURLToPath(import.meta.url)))
    await cp(join(source, 'compression'), join(directory, 'compression'), { recursive: true })
    await cp(join(source, 'wire'), join(directory, 'wire'), { recursive: true })
    const packed = Object.fromEntries(codecs.map((codec) => [codec, compress(codec, Buffer.from('text')).toString('base64')]))
    const script = `
      import { compress, decompress, loadCompression } from './compression/index.ts'
      const found = {}
      for (const [codec, base64] of Object.entries(${JSON.stringify(packed)})) {
        const load = await loadCompression(codec).then(() => 'ok', (error) => error.code + ' ' + error.message)
        let packed = 'ok'
        try { compress(codec, Buffer.from('text')) } catch (error) { packed = error.code + ' ' + error.message }
        found[codec] = [load, packed, decompress(codec, Buffer.from(base64, 'base64'), 100).toString()]
      }
      console.log(JSON.stringify(found))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '--eval', script], { cwd: directory })
    const missing = (codec: string, name: string) =>
      `UNSUPPORTED_CODEC compression "${codec}" needs the npm package "${name}", which is not installed`
    assert.deepEqual(JSON.parse(stdout), {
      gzip: ['ok', 'ok', 'text'],
      snappy: [missing('snappy', 'snappy'), missing('snappy', 'snappy'), 'text'],
      lz4: [missing('lz4', 'lz4-napi'), missing('lz4', 'lz4-napi'), 'text'],
      zstd: ['ok', 'ok', 'text'],
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
