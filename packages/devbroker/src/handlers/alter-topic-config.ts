import { errorCodes } from '@sluice/protocol'
import type { Cluster } from '../broker/cluster.ts'
import type { TopicConfig } from '../broker/topic-config.ts'
import { DevBrokerError } from '../errors.ts'
import { quoted } from '../quoted.ts'
import { resourceTypes } from './topic-configs.ts'

export interface AlteredResource {
  readonly resourceType: number
  readonly resourceName: string
}

export interface AlterAnswer extends AlteredResource {
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** Gives a topic the configuration that `change` makes of its present one, and says how that went. */
export function alterTopicConfig(
  cluster: Cluster,
  resource: AlteredResource,
  validateOnly: boolean,
  change: (config: TopicConfig) => TopicConfig,
): AlterAnswer {
  const { resourceType, resourceName } = resource
  const answer = (errorCode: number, errorMessage: string | null): AlterAnswer => ({ errorCode, errorMessage, resourceType, resourceName })
  if (resourceType !== resourceTypes.topic) {
    return answer(errorCodes.INVALID_REQUEST, 'this development broker can change the configuration of topics only')
  }
  const topic = cluster.topics.get(resourceName)
  if (topic === undefined) return answer(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${quoted(resourceName)}`)
  try {
    const config = change(topic.config)
    if (!validateOnly) topic.config = config
    return answer(0, null)
  } catch (error) {
    if (error instanceof DevBrokerError) return answer(error.errorCode, error.message)
    throw error
  }
}
