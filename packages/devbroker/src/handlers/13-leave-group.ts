import { errorCodes } from '@sluice/protocol'
import { type LeaveGroupRequest, type LeaveGroupResponse, leaveGroupApi } from '@sluice/protocol/messages/leave-group'
import { coordinates } from '../groups/coordinates.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

/** Versions 0 to 5: one member up to version 2, whose error is the response's; several from version 3 on, each with its own. */
export const leaveGroupHandler: ApiHandler<LeaveGroupRequest, LeaveGroupResponse> = defineHandler({
  api: leaveGroupApi,
  minVersion: 0,
  maxVersion: 5,
  handle(context, { groupId, memberId, members }) {
    if (!coordinates(context, groupId)) return { errorCode: errorCodes.NOT_COORDINATOR }
    const leaving = context.version >= 3 ? members : [{ memberId, groupInstanceId: null }]
    const result = context.cluster.groups.leave(groupId, leaving)
    if (typeof result === 'number') return { errorCode: result }
    if (context.version < 3) return { errorCode: result[0]! }
    return {
      members: leaving.map((member, i) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        errorCode: result[i]!,
      })),
    }
  },
})
