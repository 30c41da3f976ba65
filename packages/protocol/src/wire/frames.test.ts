import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFlexible } from '../generated/api-keys.ts'
import { apiVersionsApi } from '../generated/api-versions.ts'
import { fetchApi } from '../generated/fetch.ts'
import { metadataApi } from '../generated/metadata.ts'
import { decodeRequestHeader, decodeResponse, encodeRequest, encodeResponse, FrameSplitter, readMessage, writeMessage } from './frames.ts'
import { ProtocolError } from './protocol-error.ts'
import { Reader } from './reader.ts'

const MAX = 10_000

describe('frames - requests and responses', () => {
  it('a request is read back with its header in the old and the flexible form', () => {
    for (const version of [1, 8, 9, 12]) {
      for (const clientId of ['a-client', null]) {
        const frame = withoutSize(encodeRequest(metadataApi, version, 77, clientId, { topics: [{ name: 'orders' }] }))
        const reader = new Reader(frame)
        assert.deepEqual(decodeRequestHeader(reader, isFlexible), { apiKey: 3, apiVersion: version, correlationId: 77, clientId })
        const request = readMessage(metadataApi.request, frame, reader.position, version)
        assert.equal(request.topics?.[0]?.name, 'orders')
      }
    }
  })

  it('a response of ApiVersions has the old header in every version, others have not', () => {
    const apiVersions = withoutSize(encodeResponse(apiVersionsApi, 3, 5, { apiKeys: [{ apiKey: 18, maxVersion: 4 }] }))
    assert.equal(apiVersions.subarray(0, 7).toString('hex'), '00000005000002')
    assert.equal(decodeResponse(apiVersionsApi, 3, apiVersions).apiKeys[0]?.maxVersion, 4)
    const metadata = withoutSize(encodeResponse(metadataApi, 9, 5, { throttleTimeMs: 1 }))
    assert.equal(metadata.subarray(0, 9).toString('hex'), '000000050000000001')
    assert.equal(decodeResponse(metadataApi, 9, metadata).throttleTimeMs, 1)
  })

  it('records go out as they were given, without a copy', () => {
    const records = [Buffer.alloc(2000, 1), Buffer.alloc(3000, 2)]
    const chunks = encodeResponse(fetchApi, 12, 1, { responses: [{ topic: 'orders', partitions: [{ records }] }] })
    assert.ok(chunks.includes(records[0]!) && chunks.includes(records[1]!))
    const response = decodeResponse(fetchApi, 12, withoutSize(chunks))
    assert.ok(response.responses[0]!.partitions[0]!.records!.equals(Buffer.concat(records)))
  })

  it('bytes left after a message are an error with the position', () => {
    const frame = Buffer.concat([withoutSize(encodeResponse(metadataApi, 9, 5, {})), Buffer.from([0])])
    const left = (error: unknown): boolean =>
      error instanceof ProtocolError && error.code === 'MALFORMED' && error.position === frame.length - 1
    assert.throws(() => decodeResponse(metadataApi, 9, frame), left)
    assert.throws(() => readMessage(metadataApi.response, frame, 5, 9), left)
  })

  it('tagged fields: an unknown one is skipped, a known one must take exactly its size', () => {
    const response = writeMessage(apiVersionsApi.response, {}, 3)
    const withTags = (hex: string): Buffer => Buffer.concat([response.subarray(0, -1), Buffer.from(hex, 'hex')])
    // Tag 1, the epoch of the finalized features, is an int64.
    const read = (hex: string): number => readMessage(apiVersionsApi.response, withTags(hex), 0, 3).finalizedFeaturesEpoch
    assert.equal(read('00'), -1)
    assert.equal(read('0163020102'), -1)
    assert.equal(read('0201080000000000000005e80700'), 5)
    assert.equal(read('020108000000000000000501080000000000000006'), 6, 'the last of two')
    const malformed = (error: unknown): boolean => error instanceof ProtocolError && ['MALFORMED', 'TRUNCATED'].includes(error.code)
    assert.throws(() => read('010107000000000000000500'), malformed)
    assert.throws(() => read('010109000000000000000500'), malformed)
    assert.throws(() => read('0101ffffffff0f'), malformed)
    assert.throws(() => read('ffffffff0f'), malformed)
  })
})

describe('FrameSplitter - frames come out whole, whatever the chunks', () => {
  const sizes = [0, 1, 3, 4, 5, 0, 0, 700, MAX, 2]
  const contents = sizes.map((size, i) => Buffer.alloc(size, i + 1))
  const stream = Buffer.concat(contents.flatMap((content) => [int32(content.length), content]))

  for (const step of [1, 2, 3, 5, 64, 1000, stream.length]) {
    it(`chunks of ${step} bytes`, () => {
      const frames: Buffer[] = []
      const splitter = new FrameSplitter(MAX, (frame) => frames.push(frame))
      for (let at = 0; at < stream.length; at += step) {
        // The chunk's memory is used again, as a socket may do.
        const chunk = Buffer.from(stream.subarray(at, at + step))
        splitter.push(chunk)
        chunk.fill(0xee)
      }
      assert.equal(splitter.pending, 0)
      assert.deepEqual(
        frames.map((frame) => frame.length),
        sizes,
      )
      for (const [i, frame] of frames.entries()) assert.ok(frame.equals(contents[i]!), `frame ${i}`)
    })
  }

  it('a frame above 256 KiB arrives in pieces', () => {
    const content = Buffer.alloc(3_000_001, 7)
    const frames: Buffer[] = []
    const splitter = new FrameSplitter(4_000_000, (frame) => frames.push(frame))
    splitter.push(int32(content.length))
    for (let at = 0; at < content.length; at += 65_536) splitter.push(content.subarray(at, at + 65_536))
    assert.equal(frames.length, 1)
    assert.ok(frames[0]!.equals(content))
  })

  it('counts what waits', () => {
    const splitter = new FrameSplitter(MAX, () => assert.fail('no frame is complete'))
    splitter.push(Buffer.from([0, 0]))
    assert.equal(splitter.pending, 2)
    splitter.push(Buffer.from([0, 9, 1, 2, 3]))
    assert.equal(splitter.pending, 7)
  })

  it('a size that is negative or too large is an error, and stays one', () => {
    for (const size of [-1, -2147483648, MAX + 1, 2147483647]) {
      const splitter = new FrameSplitter(MAX, () => assert.fail('no frame is complete'))
      for (let attempt = 0; attempt < 2; attempt++) {
        const chunk = attempt === 0 ? int32(size) : Buffer.from([0, 0, 0, 1, 1])
        assert.throws(
          () => splitter.push(chunk),
          (error) => error instanceof ProtocolError && error.code === 'OUT_OF_RANGE',
        )
      }
    }
  })

  it('a large size takes memory only as bytes arrive', () => {
    const splitters = Array.from({ length: 200 }, () => new FrameSplitter(100 * 1024 * 1024, () => assert.fail('no frame is complete')))
    const before = process.memoryUsage().arrayBuffers
    for (const splitter of splitters) splitter.push(Buffer.concat([int32(100 * 1024 * 1024), Buffer.alloc(10)]))
    const taken = process.memoryUsage().arrayBuffers - before
    assert.ok(taken < 200 * 300 * 1024, `${taken} bytes for 2000 that arrived`)
  })
})

function withoutSize(chunks: readonly Buffer[]): Buffer {
  const frame = Buffer.concat(chunks)
  assert.equal(frame.readInt32BE(0), frame.length - 4)
  return frame.subarray(4)
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
