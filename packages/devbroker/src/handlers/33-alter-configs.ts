// AlterConfigs, versions 0 to 2, for topics: what is not named goes back to its default.
import { type AlterConfigsRequest, type AlterConfigsResponse, alterConfigsApi } from '@sluice/protocol/messages/alter-configs'
import { alterTopicConfig } from './alter-topic-config.ts'
import { type ApiHandler, defineHandler } from './handler.ts'
import { replaceConfigs } from './topic-configs.ts'

export const alterConfigsHandler: ApiHandler<AlterConfigsRequest, AlterConfigsResponse> = defineHandler({
  api: alterConfigsApi,
  minVersion: 0,
  maxVersion: 2,
  handle({ cluster }, request) {
    return {
      responses: request.resources.map((resource) =>
        alterTopicConfig(cluster, resource, request.validateOnly, () => replaceConfigs(resource.configs)),
      ),
    }
  },
})
