import { errorCodes } from '@sluice/protocol'
import { type OffsetCommitRequest, type OffsetCommitResponse, offsetCommitApi } from '@sluice/protocol/messages/offset-commit'
import { coordinates } from '../groups/coordinates.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

/**
 * Versions 2 to 9; 10 needs topic ids. The retention time of versions 2 to 4 is ignored: offsets stay until they are deleted.
 * From version 9 on a member of an unknown group is told GROUP_ID_NOT_FOUND instead of ILLEGAL_GENERATION.
 */
export const offsetCommitHandler: ApiHandler<OffsetCommitRequest, OffsetCommitResponse> = defineHandler({
  api: offsetCommitApi,
  minVersion: 2,
  maxVersion: 9,
  handle(context, request) {
    if (!coordinates(context, request.groupId)) {
      return {
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: errorCodes.NOT_COORDINATOR })),
        })),
      }
    }
    return {
      topics: context.cluster.groups.commitOffsets({
        groupId: request.groupId,
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId,
        generationId: request.generationIdOrMemberEpoch,
        unknownGroupError: context.version >= 9 ? errorCodes.GROUP_ID_NOT_FOUND : errorCodes.ILLEGAL_GENERATION,
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ committedMetadata, ...partition }) => ({ ...partition, metadata: committedMetadata ?? '' })),
        })),
      }),
    }
  },
})
