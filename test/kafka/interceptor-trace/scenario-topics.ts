import { KafkaAdmin, KafkaProducer, silentLogger, stringSerializer } from 'sluice'
import type { Scenario } from './scenario.ts'

/**
 * Creates the topics of every scenario, for each side under its own prefix, and puts into them what they hold at the start.
 * Disposing removes them.
 */
export async function fillTopics(
  scenarios: readonly Scenario[],
  bootstrapServers: string,
  sides: readonly string[],
): Promise<AsyncDisposable> {
  const admin = new KafkaAdmin({ bootstrapServers, logger: silentLogger })
  const topics = forEachSide(sides, scenarios, ({ topics = { orders: {} } }, prefix) =>
    Object.entries(topics).map(([topic, spec]) => ({ topic: prefix + topic, partitions: 1, replicationFactor: 1, ...spec })),
  )
  await admin.createTopics(topics)
  const producer = new KafkaProducer({ bootstrapServers, valueSerializer: stringSerializer, lingerMs: 100, logger: silentLogger })
  const sent = forEachSide(sides, scenarios, ({ input = {} }, prefix) =>
    Object.entries(input).flatMap(([name, values]) => {
      const [topic, partition] = name.split('-')
      return values.map((value) => producer.send({ topic: prefix + topic, partition: Number(partition), value }))
    }),
  )
  await Promise.all(sent)
  await producer.close()
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      await admin.deleteTopics(topics.map(({ topic }) => topic))
      await admin.close()
    },
  }
}

function forEachSide<T>(sides: readonly string[], scenarios: readonly Scenario[], make: (scenario: Scenario, prefix: string) => T[]): T[] {
  return sides.flatMap((side) => scenarios.flatMap((scenario, index) => make(scenario, `${side}${index}-`)))
}
