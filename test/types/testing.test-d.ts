// Compiled, never run: the mocks are what the clients are, and infer what they infer.
import { type Consumer, jsonSerializer, KafkaConsumer, KafkaProducer, type Producer, stringSerializer } from 'sluice'
import { timestampHeader } from 'sluice/interceptors'
import { consumerRecordOf, consumerRecordsOf, interceptorContract, MockConsumer, MockProducer, recordOf, testContext } from 'sluice/testing'

interface Order {
  readonly id: string
}

declare function same<T>(value: T): { as<U extends T>(..._: T extends U ? [] : ['not the same type']): void }
declare function place(producer: Producer<string, Order>): void
declare function bill(consumer: Consumer<string, Order>): void

const bootstrapServers = 'localhost:9092'
const serializers = { keySerializer: stringSerializer, valueSerializer: jsonSerializer<Order>() }

place(new KafkaProducer({ bootstrapServers, ...serializers }))
place(new MockProducer(serializers))
bill(new KafkaConsumer<string, Order>({ bootstrapServers }))
bill(new MockConsumer<string, Order>())

// Everything that the clients have, the mocks have; a method that is added there is missed here.
const asProducer: Producer = new MockProducer()
const asConsumer: Consumer = new MockConsumer()
same(asProducer.send).as<KafkaProducer['send']>()
same(asConsumer.poll).as<KafkaConsumer['poll']>()

const orders = new MockProducer(serializers, [
  timestampHeader(),
  {
    name: 'seen',
    onSend(record) {
      same(record.value).as<Order | null>()
      return record
    },
  },
])
same(orders).as<MockProducer<string, Order>>()
same(orders.history()[0]!.value).as<Order | null>()
// @ts-expect-error not an order
orders.send({ topic: 'orders', value: 'text' })
const ofBytes = new MockProducer()
// @ts-expect-error it is a producer of bytes
place(ofBytes)
// @ts-expect-error a KafkaProducer's option that a mock has no use for
new MockProducer({ bootstrapServers })

const billing = new MockConsumer<string, Order>()
billing.addRecord({ topic: 'orders', value: { id: 'o-1' } })
// @ts-expect-error not an order
billing.addRecord({ topic: 'orders', value: 'text' })

same(recordOf({ value: 'v' }).value).as<string | null>()
same(consumerRecordOf({ value: 1 }).value).as<number | null>()
for (const record of consumerRecordsOf([{ value: 'v' }])) same(record.value).as<string | null>()
orders.send(recordOf({ topic: 'orders', key: 'k', value: { id: 'o-1' } }))
testContext().clock.advance(5)

interceptorContract(timestampHeader, { changes: ['headers'] })
interceptorContract(() => ({ name: 'mine', onSend: (record) => record }))
// @ts-expect-error no part of a record
interceptorContract(timestampHeader, { changes: ['offset'] })
