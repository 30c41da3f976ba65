import { errorCodes } from '@sluice/protocol'
import { type OffsetDeleteRequest, type OffsetDeleteResponse, offsetDeleteApi } from '@sluice/protocol/messages/offset-delete'
import { coordinates } from '../groups/coordinates.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

/** Version 0. */
export const offsetDeleteHandler: ApiHandler<OffsetDeleteRequest, OffsetDeleteResponse> = defineHandler({
  api: offsetDeleteApi,
  minVersion: 0,
  maxVersion: 0,
  handle(context, { groupId, topics }) {
    if (!coordinates(context, groupId)) return { errorCode: errorCodes.NOT_COORDINATOR }
    const wanted = topics.map(({ name, partitions }) => ({ name, partitionIndexes: partitions.map((each) => each.partitionIndex) }))
    const result = context.cluster.groups.deleteOffsets(groupId, wanted)
    return typeof result === 'number' ? { errorCode: result } : { topics: result }
  },
})
