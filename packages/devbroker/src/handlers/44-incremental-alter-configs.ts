// IncrementalAlterConfigs, versions 0 and 1, for topics: set, delete, append to and subtract from lists.
import {
  type AlterableConfig,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
  incrementalAlterConfigsApi,
} from '@sluice/protocol/messages/incremental-alter-configs'
import { TopicConfig, topicConfigs } from '../broker/topic-config.ts'
import { DevBrokerError } from '../errors.ts'
import { quoted } from '../quoted.ts'
import { alterTopicConfig } from './alter-topic-config.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

export const incrementalAlterConfigsHandler: ApiHandler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> = defineHandler({
  api: incrementalAlterConfigsApi,
  minVersion: 0,
  maxVersion: 1,
  handle({ cluster }, request) {
    return {
      responses: request.resources.map((resource) =>
        alterTopicConfig(cluster, resource, request.validateOnly, (config) => {
          const overrides = new Map(config.overrides)
          if (new Set(resource.configs.map(({ name }) => name)).size < resource.configs.length) {
            throw new DevBrokerError('INVALID_REQUEST', 'a configuration occurs twice in the request')
          }
          for (const change of resource.configs) apply(overrides, change)
          return new TopicConfig(overrides)
        }),
      ),
    }
  },
})

function apply(overrides: Map<string, string>, { name, configOperation, value }: AlterableConfig): void {
  switch (configOperation) {
    case SET:
      if (value === null) throw new DevBrokerError('INVALID_REQUEST', `configuration ${quoted(name)} cannot be set to null`)
      overrides.set(name, value)
      return
    case DELETE:
      overrides.delete(name)
      return
    case APPEND:
    case SUBTRACT: {
      const definition = Object.hasOwn(topicConfigs, name) ? topicConfigs[name]! : undefined
      if (definition?.type !== 'list') throw new DevBrokerError('INVALID_CONFIG', `configuration ${quoted(name)} is not a list`)
      const present = new Set((overrides.get(name) ?? definition.default).split(',').filter((part) => part !== ''))
      for (const part of (value ?? '').split(',')) {
        if (configOperation === APPEND) present.add(part)
        else present.delete(part)
      }
      overrides.set(name, [...present].join(','))
      return
    }
    default:
      throw new DevBrokerError('INVALID_REQUEST', `operation ${configOperation} on configuration ${quoted(name)} is not known`)
  }
}
