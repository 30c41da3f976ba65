import { errorCodes } from '@sluice/protocol'
import { type SyncGroupRequest, type SyncGroupResponse, syncGroupApi } from '@sluice/protocol/messages/sync-group'
import { coordinates } from '../groups/coordinates.ts'
import { syncError } from '../groups/group-types.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

/** Versions 0 to 5. Version 5 names the protocol, which is checked. */
export const syncGroupHandler: ApiHandler<SyncGroupRequest, SyncGroupResponse> = defineHandler({
  api: syncGroupApi,
  minVersion: 0,
  maxVersion: 5,
  handle(context, request) {
    if (!coordinates(context, request.groupId)) return syncError(errorCodes.NOT_COORDINATOR)
    return context.cluster.groups.sync(request.groupId, request)
  },
})
