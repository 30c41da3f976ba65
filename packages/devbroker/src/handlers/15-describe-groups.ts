import { errorCodes } from '@sluice/protocol'
import { type DescribeGroupsRequest, type DescribeGroupsResponse, describeGroupsApi } from '@sluice/protocol/messages/describe-groups'
import { coordinates } from '../groups/coordinates.ts'
import { quoted } from '../quoted.ts'
import { distinct } from './distinct.ts'
import { type ApiHandler, defineHandler, type RequestContext } from './handler.ts'

/** READ, DELETE and DESCRIBE, by their codes in Kafka's `AclOperation`: nobody is forbidden anything here. */
const ALL_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8)

/** Versions 0 to 6. A group that does not exist is a dead one; version 6 adds GROUP_ID_NOT_FOUND to that. */
export const describeGroupsHandler: ApiHandler<DescribeGroupsRequest, DescribeGroupsResponse> = defineHandler({
  api: describeGroupsApi,
  minVersion: 0,
  maxVersion: 6,
  handle(context, { groups, includeAuthorizedOperations }) {
    const operations = includeAuthorizedOperations ? { authorizedOperations: ALL_OPERATIONS } : {}
    return { groups: distinct(groups, (groupId) => groupId).map((groupId) => ({ ...describe(context, groupId), ...operations })) }
  },
})

function describe(context: RequestContext, groupId: string) {
  if (!coordinates(context, groupId)) return { groupId, errorCode: errorCodes.NOT_COORDINATOR }
  const description = context.cluster.groups.describe(groupId)
  if (description !== undefined) {
    const { state, protocolType, protocolData, members } = description
    return { groupId, groupState: state, protocolType, protocolData, members }
  }
  if (context.version < 6) return { groupId, groupState: 'Dead' }
  return { groupId, groupState: 'Dead', errorCode: errorCodes.GROUP_ID_NOT_FOUND, errorMessage: `group ${quoted(groupId)} does not exist` }
}
