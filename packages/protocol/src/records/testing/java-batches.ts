import type { CompressionType } from '../../compression/index.ts'
import type { PlainRecord } from './arbitraries.ts'

/**
 * One batch per codec, in base64, written by the Java client (kafka-clients 4.3.1, MemoryRecordsBuilder) from
 * `javaRecords` and `javaBatchOptions`.
 */
export const javaBatches: Readonly<Record<CompressionType, string>> = {
  none: 'AAAAAAAAACoAAADPAAAABQIcQzsZABAAAAACAAABi8/laAAAAAGLz/MjoAAAAAIYcRoAAAcAAATSAAAAA5YCAAAAAmvwAXZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIHZhbHVlIAYCYQIxAmEBBMOpAA4Azw8CAQAAEADA7m0EAAEA',
  gzip: 'AAAAAAAAACoAAAB0AAAABQLyS8HgABEAAAACAAABi8/laAAAAAGLz/MjoAAAAAIYcRoAAAcAAATSAAAAAx+LCAAAAAAAAP+bxsTAwMCU/YGxLDGnNFWB/iQbUyKTIVMiI8vhlQx8DOf5mRgZGAQYDrzLZWFgZAAAblj6Mp4AAAA=',
  snappy:
    'AAAAAAAAACoAAAB7AAAABQK4YlQzABIAAAACAAABi8/laAAAAAGLz/MjoAAAAAIYcRoAAAcAAATSAAAAA4JTTkFQUFkAAAAAAQAAAAEAAAA2ngE4lgIAAAACa/ABdmFsdWUg/gYAxgYAcAYCYQIxAmEBBMOpAA4Azw8CAQAAEADA7m0EAAEA',
  lz4: 'AAAAAAAAACoAAABzAAAABQLPSNwrABMAAAACAAABi8/laAAAAAGLz/MjoAAAAAIYcRoAAAcAAATSAAAAAwQiTRhgQIIzAAAA/wCWAgAAAAJr8AF2YWx1ZSAGAF/wDgYCYQIxAmEBBMOpAA4Azw8CAQAAEADA7m0EAAEAAAAAAA==',
  zstd: 'AAAAAAAAACoAAABxAAAABQJ5UhZhABQAAAACAAABi8/laAAAAAGLz/MjoAAAAAIYcRoAAAcAAATSAAAAAyi1L/0AWKQBAMQClgIAAAACa/ABdmFsdWUgBgJhAjECYQEEw6kADgDPDwIBAAAQAMDubQQAAQABAC9pqQMBAAA=',
}

export const javaBatchOptions = {
  baseOffset: 42,
  partitionLeaderEpoch: 5,
  producerId: 9000000000,
  producerEpoch: 7,
  baseSequence: 1234,
  isTransactional: true,
}

export const javaRecords: PlainRecord[] = [
  {
    key: Buffer.from('k'),
    value: Buffer.from('value '.repeat(20)),
    headers: [
      { key: 'a', value: Buffer.from('1') },
      { key: 'a', value: null },
      { key: 'é', value: Buffer.alloc(0) },
    ],
    timestamp: 1700000000000,
    offsetDelta: 0,
  },
  { key: null, value: Buffer.alloc(0), headers: [], timestamp: 1699999999000, offsetDelta: 1 },
  { key: Buffer.alloc(0), value: null, headers: [], timestamp: 1700000900000, offsetDelta: 2 },
]
