import type { ConsumerRecords } from '../../record/consumer-records.ts'
import type { ProducerRecordInit } from '../../record/producer-record.ts'
import type { RawRecord, SerializedRecord } from '../../record/serialized-record.ts'
import { consumerRecordsOf, rawRecordOf, serializedRecordOf } from '../record-of.ts'

/** What the samples hold of data: found in a log or an error, it has leaked. */
export const secrets = { key: 'sEcReTkEy-4711', value: 'sEcReTvAlUe-4712', header: 'sEcReThEaDeR-4713' } as const

/** A record that some application sends some day. */
export interface Sample {
  readonly what: string
  readonly init: ProducerRecordInit<any, any>
}

const TIMESTAMP = 1_700_000_000_123

/** Records of every kind. `own` is one that the interceptor is meant for. */
export function samples(own: Partial<ProducerRecordInit<any, any>> | undefined): readonly Sample[] {
  const usual = {
    topic: own?.topic ?? 'contract',
    partition: 3,
    timestamp: TIMESTAMP,
    key: secrets.key,
    value: secrets.value,
    headers: { 'contract.a': secrets.header },
  }
  const many = Array.from({ length: 100 }, (_, index) => [`contract.h${index}`, `${secrets.header}-${index}`] as const)
  return [
    ...(own === undefined ? [] : [{ what: 'the record it is meant for', init: { ...own, topic: usual.topic } }]),
    { what: 'an ordinary record', init: usual },
    { what: 'a record with a topic and a value only', init: { topic: usual.topic, value: secrets.value } },
    { what: 'a null key and a null value', init: { ...usual, key: null, value: null } },
    { what: 'an empty string as key and value', init: { ...usual, key: '', value: '' } },
    { what: 'empty bytes as key and value', init: { ...usual, key: Buffer.alloc(0), value: Buffer.alloc(0) } },
    {
      what: 'bytes that are not UTF-8',
      init: { ...usual, key: Buffer.from([0xff, 0xfe, 0x00, 0x80]), value: Buffer.from([0xc3, 0x28, 0xff]) },
    },
    {
      what: 'text of many scripts',
      init: { ...usual, key: 'ключ-鍵', value: 'žluťoučký 🐎 \u0000 \u202e', headers: { 'contract.ü': '値' } },
    },
    { what: 'an object as value', init: { ...usual, value: { id: 1, note: secrets.value, lines: [{ price: 1.5 }], none: null } } },
    { what: 'a value of 1 MiB', init: { ...usual, value: Buffer.alloc(1024 * 1024, secrets.value) } },
    { what: '100 headers', init: { ...usual, headers: many } },
    {
      what: 'a header key that occurs twice',
      init: {
        ...usual,
        headers: [
          ['contract.a', 'one'],
          ['contract.a', 'two'],
        ],
      },
    },
    { what: 'a null header value', init: { ...usual, headers: { 'contract.a': null } } },
  ]
}

/** The sample after serializers: text as UTF-8, objects as JSON. */
export function serialized({ init }: Sample): SerializedRecord {
  return serializedRecordOf({ ...init, key: bytes(init.key), value: bytes(init.value) })
}

/** The sample before deserializers. */
export function raw({ init }: Sample): RawRecord {
  const { topic, partition = 3, timestamp = TIMESTAMP, headers = {} } = init
  return rawRecordOf({ topic, partition, timestamp, headers, offset: 42, key: bytes(init.key), value: bytes(init.value) })
}

/** What a poll returns that has the samples in two partitions, three of each. */
export function polled(of: readonly Sample[]): ConsumerRecords {
  return consumerRecordsOf(
    of.flatMap(({ init }) =>
      [0, 1].map((partition) => {
        const { topic, timestamp = TIMESTAMP, headers = {}, key, value } = init
        return { topic, partition, timestamp, headers, key, value }
      }),
    ),
    [0, 1].map((partition) => ({ topic: of[0]?.init.topic ?? 'contract', partition, offset: of.length + 7, leaderEpoch: 5 })),
  )
}

function bytes(data: unknown): string | Uint8Array | null {
  if (data === null || data === undefined) return null
  return typeof data === 'string' || data instanceof Uint8Array ? data : JSON.stringify(data)
}
