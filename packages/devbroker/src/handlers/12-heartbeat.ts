import { errorCodes } from '@sluice/protocol'
import { type HeartbeatRequest, type HeartbeatResponse, heartbeatApi } from '@sluice/protocol/messages/heartbeat'
import { coordinates } from '../groups/coordinates.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

/** Versions 0 to 4. */
export const heartbeatHandler: ApiHandler<HeartbeatRequest, HeartbeatResponse> = defineHandler({
  api: heartbeatApi,
  minVersion: 0,
  maxVersion: 4,
  handle(context, request) {
    if (!coordinates(context, request.groupId)) return { errorCode: errorCodes.NOT_COORDINATOR }
    return { errorCode: context.cluster.groups.heartbeat(request.groupId, request, request.generationId) }
  },
})
