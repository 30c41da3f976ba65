import { errorCodes } from '@sluice/protocol'
import { type JoinGroupRequest, type JoinGroupResponse, joinGroupApi } from '@sluice/protocol/messages/join-group'
import { coordinates } from '../groups/coordinates.ts'
import { joinError } from '../groups/group-types.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

/**
 * Versions 0 to 9. Version 0 has no rebalance timeout of its own and uses the session timeout. From version 4 on a
 * dynamic member is first given an id; from 7 on the protocol may be null, when before it is empty; from 9 on a static
 * leader that comes back may skip assigning. When the connection closes meanwhile the member stays until its session
 * ends, as in Kafka.
 */
export const joinGroupHandler: ApiHandler<JoinGroupRequest, JoinGroupResponse> = defineHandler({
  api: joinGroupApi,
  minVersion: 0,
  maxVersion: 9,
  async handle(context, request) {
    const { version } = context
    const result = coordinates(context, request.groupId)
      ? await context.cluster.groups.join(request.groupId, {
          memberId: request.memberId,
          groupInstanceId: request.groupInstanceId,
          clientId: context.clientId ?? '',
          clientHost: context.clientHost,
          sessionTimeoutMs: request.sessionTimeoutMs,
          rebalanceTimeoutMs: version === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
          protocolType: request.protocolType,
          protocols: request.protocols,
          requireKnownMemberId: version >= 4 && request.groupInstanceId === null,
          supportSkippingAssignment: version >= 9,
        })
      : joinError(request.memberId, errorCodes.NOT_COORDINATOR)
    return version >= 7 ? result : { ...result, protocolName: result.protocolName ?? '' }
  },
})
