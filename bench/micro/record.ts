import { crc32c, writeRecord } from '@sluice/protocol'
import { murmur2 } from '../../packages/sluice/src/producer/partitioner.ts'
import type { MicroCase } from '../micro-case.ts'

/** Different bytes for each call, so that no result can be kept from the one before. */
const ROUND = 64

function buffers(bytes: number): Buffer[] {
  return Array.from({ length: ROUND }, (_, n) => Buffer.alloc(bytes, n + 1))
}

/** What a record costs at least, whatever the client does around it. */
export const cases: readonly MicroCase[] = [
  {
    name: 'record/murmur2',
    about: 'the hash of a 16-byte key',
    setUp() {
      const keys = buffers(16)
      return { record: (n) => murmur2(keys[n % ROUND]!) }
    },
  },
  {
    name: 'record/encode',
    about: 'a record of 100 bytes, without key and headers, written into a batch',
    setUp() {
      const values = buffers(100)
      const batch = Buffer.alloc(256)
      return { record: (n) => writeRecord(batch, 0, n % 1000, 0, null, 0, -1, values[n % ROUND]!, 0, 100) }
    },
  },
  {
    name: 'record/crc32c',
    about: 'the checksum of 16 KiB, a batch of default size',
    setUp() {
      const batches = buffers(16 * 1024)
      return { record: (n) => crc32c(batches[n % ROUND]!) }
    },
  },
]
