// Compiled, never run: what the types infer, and what they refuse.
import type { ConsumerRecords, ProducerInterceptor } from 'sluice'
import {
  bufferSerializer,
  drop,
  fromProperties,
  jsonDeserializer,
  jsonSerializer,
  KafkaConsumer,
  KafkaProducer,
  stringDeserializer,
  stringSerializer,
} from 'sluice'
import { hostHeader, regexFilter, staticHeader, timestampHeader } from 'sluice/interceptors'

interface Order {
  readonly id: string
  readonly card: string
}

declare function same<T>(value: T): { as<U extends T>(..._: T extends U ? [] : ['not the same type']): void }

const bootstrapServers = 'localhost:9092'

const orders = new KafkaProducer({ bootstrapServers, keySerializer: stringSerializer, valueSerializer: jsonSerializer<Order>() }, [
  timestampHeader(),
  hostHeader(),
  staticHeader({ key: 'source', value: 'web' }),
  regexFilter({ regex: /^DEBUG/, excludeEvents: true }),
  {
    name: 'mask',
    onSend(record) {
      same(record.key).as<string | null>()
      same(record.value).as<Order | null>()
      return record.value === null ? drop('empty') : { ...record, value: { ...record.value, card: '****' } }
    },
  },
])
same(orders).as<KafkaProducer<string, Order>>()

const plain = new KafkaProducer({ bootstrapServers })
same(plain).as<KafkaProducer<Buffer, Buffer>>()
// @ts-expect-error it is a producer of bytes
same(plain).as<KafkaProducer<string, Order>>()
new KafkaProducer({ bootstrapServers, valueSerializer: bufferSerializer, acks: 'all', logger: console })
new KafkaProducer({ ...fromProperties('linger.ms=5'), valueSerializer: jsonSerializer<Order>() })

const numbers: ProducerInterceptor<string, number> = { name: 'numbers', onSend: (record) => record }
// @ts-expect-error an interceptor of numbers cannot take orders
new KafkaProducer({ bootstrapServers, keySerializer: stringSerializer, valueSerializer: jsonSerializer<Order>() }, [numbers])
// @ts-expect-error a hook returns a record or a verdict
new KafkaProducer({ bootstrapServers }, [{ name: 'forgot', onSend() {} }])
// @ts-expect-error an interceptor needs a name
new KafkaProducer({ bootstrapServers }, [{ onSend: (record) => record }])
// @ts-expect-error a misspelt option
new KafkaProducer({ bootstrapServers, linger: 5 })
// @ts-expect-error acks are 0, 1, -1 or 'all'
new KafkaProducer({ bootstrapServers, acks: 2 })
// @ts-expect-error a consumer's option
new KafkaProducer({ bootstrapServers, groupId: 'g' })
// @ts-expect-error a misspelt option of an interceptor
timestampHeader({ header: 'at' })

const billing = new KafkaConsumer(
  { bootstrapServers, groupId: 'billing', keyDeserializer: stringDeserializer, valueDeserializer: jsonDeserializer<Order>() },
  [
    regexFilter({ regex: '^DEBUG', excludeEvents: true }),
    {
      name: 'paid',
      onConsume(records) {
        return records.filter((record) => {
          same(record.value).as<Order | null>()
          return record.value !== null
        })
      },
    },
  ],
)
same(billing).as<KafkaConsumer<string, Order>>()
// @ts-expect-error onConsume returns ConsumerRecords, not an array
new KafkaConsumer({ bootstrapServers }, [{ name: 'array', onConsume: (records) => [...records] }])

new KafkaConsumer({ bootstrapServers, keyDeserializer: stringDeserializer, valueDeserializer: jsonDeserializer<Order>() }, [
  {
    name: 'verdicts',
    onFetched(record, context) {
      same(record.value).as<Buffer | null>()
      context.state = 1
      return record.value === null ? drop('empty') : { ...record, value: Buffer.concat([record.value]) }
    },
    onConsume(records) {
      const judged = records.map((record) => (record.value === null ? drop('empty') : record))
      same(judged).as<ConsumerRecords<string, Order>>()
      same(records.map((record) => ({ ...record, value: 1 }))).as<ConsumerRecords<string, number>>()
      return records.map(() => drop('all'))
    },
    async handle(record, next) {
      same(record.value).as<Order | null>()
      if (record.value === null) return drop('empty')
      await next()
      return undefined
    },
    async handleBatch(batch, next, context) {
      same(batch.records[0]!.value).as<Order | null>()
      same(context.signal).as<AbortSignal>()
      await next()
    },
  },
])
// @ts-expect-error a batch has no verdict
new KafkaConsumer({ bootstrapServers }, [{ name: 'batch', handleBatch: async () => drop('x') }])
// @ts-expect-error map returns a record or a verdict
new KafkaConsumer({ bootstrapServers }, [{ name: 'map', onConsume: (records) => records.map(({ value }) => value) }])
// @ts-expect-error onFetched gives bytes
new KafkaConsumer({ bootstrapServers }, [{ name: 'text', onFetched: (record) => ({ ...record, value: 'text' }) }])
