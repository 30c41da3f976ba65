// DescribeConfigs, versions 1 to 4, for topics and nodes. A node's values are what this broker does, under Kafka's names.
import { errorCodes } from '@sluice/protocol'
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResource,
  type DescribeConfigsResponse,
  describeConfigsApi,
} from '@sluice/protocol/messages/describe-configs'
import type { Cluster } from '../broker/cluster.ts'
import { illegalTopicName } from '../broker/topic.ts'
import { configTypes, topicConfigs } from '../broker/topic-config.ts'
import { quoted } from '../quoted.ts'
import { distinct } from './distinct.ts'
import { type ApiHandler, defineHandler } from './handler.ts'
import { type ConfigValue, configSources, describeTopicConfig, resourceTypes } from './topic-configs.ts'

export const describeConfigsHandler: ApiHandler<DescribeConfigsRequest, DescribeConfigsResponse> = defineHandler({
  api: describeConfigsApi,
  minVersion: 1,
  maxVersion: 4,
  handle({ cluster }, request) {
    return {
      results: distinct(request.resources, (resource) => `${resource.resourceType} ${resource.resourceName}`).map((resource) => {
        const { resourceType, resourceName } = resource
        const values = valuesOf(cluster, resource)
        if (typeof values === 'number') {
          return {
            errorCode: values,
            errorMessage: `there is no resource of type ${resourceType} named ${quoted(resourceName)}`,
            resourceType,
            resourceName,
          }
        }
        const wanted = resource.configurationKeys
        const chosen = wanted === null || wanted.length === 0 ? values : values.filter(({ name }) => wanted.includes(name))
        return { errorCode: 0, errorMessage: null, resourceType, resourceName, configs: chosen.map((value) => withDetails(value, request)) }
      }),
    }
  },
})

/** An error code when there is no such resource. */
function valuesOf(cluster: Cluster, { resourceType, resourceName }: DescribeConfigsResource): ConfigValue[] | number {
  if (resourceType === resourceTypes.topic) {
    const topic = cluster.topics.get(resourceName)
    if (topic !== undefined) return describeTopicConfig(topic.config)
    return illegalTopicName(resourceName) === null ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : errorCodes.INVALID_TOPIC_EXCEPTION
  }
  if (resourceType !== resourceTypes.broker) return errorCodes.INVALID_REQUEST
  if (resourceName !== '' && !cluster.nodes.has(Number(resourceName))) return errorCodes.INVALID_REQUEST
  return brokerConfig(cluster)
}

function brokerConfig(cluster: Cluster): ConfigValue[] {
  const values = {
    'auto.create.topics.enable': String(cluster.autoCreateTopics),
    'default.replication.factor': String(cluster.defaultReplicationFactor),
    'group.initial.rebalance.delay.ms': String(cluster.groupInitialRebalanceDelayMs),
    'message.max.bytes': topicConfigs['max.message.bytes']!.default,
    'min.insync.replicas': topicConfigs['min.insync.replicas']!.default,
    'num.partitions': String(cluster.defaultPartitions),
  }
  return Object.entries(values).map(([name, value]) => ({
    name,
    value,
    readOnly: true,
    configSource: configSources.staticBroker,
    isSensitive: false,
  }))
}

function withDetails(config: ConfigValue, request: DescribeConfigsRequest) {
  const definition = topicConfigs[config.name]
  const synonyms = [{ name: config.name, value: config.value, source: config.configSource }]
  if (definition !== undefined && config.configSource !== configSources.default) {
    synonyms.push({ name: config.name, value: definition.default, source: configSources.default })
  }
  return {
    ...config,
    synonyms: request.includeSynonyms ? synonyms : [],
    configType: configTypes[definition?.type ?? 'string'],
    documentation: request.includeDocumentation ? (definition?.doc ?? null) : null,
  }
}
