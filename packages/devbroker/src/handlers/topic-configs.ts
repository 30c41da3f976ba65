import { TopicConfig, topicConfigs } from '../broker/topic-config.ts'

/** Kafka's numbers for where a value comes from. */
export const configSources = { dynamicTopic: 1, staticBroker: 4, default: 5 } as const

export const resourceTypes = { topic: 2, broker: 4 } as const

export interface ConfigValue {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
}

/** All configurations of a topic, by name. */
export function describeTopicConfig(config: TopicConfig): ConfigValue[] {
  return Object.keys(topicConfigs)
    .sort()
    .map((name) => ({
      name,
      value: config.value(name),
      readOnly: false,
      configSource: config.overrides.has(name) ? configSources.dynamicTopic : configSources.default,
      isSensitive: false,
    }))
}

export interface ConfigChange {
  readonly name: string
  readonly value: string | null
}

/** AlterConfigs: what is given is all that is set from now on. */
export function replaceConfigs(changes: readonly ConfigChange[]): TopicConfig {
  return new TopicConfig(changes.filter((change) => change.value !== null).map(({ name, value }) => [name, value!] as const))
}
