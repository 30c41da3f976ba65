import { type Deserializer, KafkaError, type Partitioner, type Serializer, stringDeserializer, stringSerializer } from 'sluice'
import type { ConsumerSpec, ProducerSpec, SerializerKind } from './scenario.ts'
import { Boom } from './scripted-interceptors.ts'

export function serializer(kind: SerializerKind | undefined, tell: (topic: string) => void): Serializer<any> {
  switch (kind) {
    case undefined:
      return stringSerializer
    case 'throws':
      return {
        serialize() {
          throw new Boom()
        },
      }
    case 'refuses':
      return {
        serialize() {
          throw new KafkaError('SERIALIZATION', 'refused')
        },
      }
    case 'tells':
      return {
        serialize(topic, data, headers) {
          tell(topic)
          headers.add('serialized', 'yes')
          return Buffer.from(String(data))
        },
      }
  }
}

export function deserializer(kind: ConsumerSpec['valueDeserializer']): Deserializer<string> {
  if (kind === undefined) return stringDeserializer
  return {
    deserialize() {
      throw new KafkaError('SERIALIZATION', 'refused')
    },
  }
}

export function partitioner(kind: NonNullable<ProducerSpec['partitioner']>): Partitioner {
  return {
    partition() {
      if (kind === 'throws') throw new Boom()
      return kind === 'negative' ? -1 : 99
    },
  }
}
