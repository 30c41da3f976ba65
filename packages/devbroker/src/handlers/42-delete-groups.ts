import { errorCodes } from '@sluice/protocol'
import { type DeleteGroupsRequest, type DeleteGroupsResponse, deleteGroupsApi } from '@sluice/protocol/messages/delete-groups'
import { coordinates } from '../groups/coordinates.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

/** Versions 0 to 2. */
export const deleteGroupsHandler: ApiHandler<DeleteGroupsRequest, DeleteGroupsResponse> = defineHandler({
  api: deleteGroupsApi,
  minVersion: 0,
  maxVersion: 2,
  handle(context, { groupsNames }) {
    return {
      results: groupsNames.map((groupId) => ({
        groupId,
        errorCode: coordinates(context, groupId) ? context.cluster.groups.delete(groupId) : errorCodes.NOT_COORDINATOR,
      })),
    }
  },
})
