import { errorCodes } from '@sluice/protocol'
import { type OffsetFetchRequest, type OffsetFetchResponse, offsetFetchApi } from '@sluice/protocol/messages/offset-fetch'
import { coordinates } from '../groups/coordinates.ts'
import { distinct } from './distinct.ts'
import { type ApiHandler, defineHandler, type RequestContext } from './handler.ts'

type Topics = readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null

/**
 * Versions 1 to 9; 10 needs topic ids. Version 1 has no error code but those of the partitions; from version 8 on one
 * request asks for several groups. `requireStable` changes nothing: no offset waits for a transaction here.
 */
export const offsetFetchHandler: ApiHandler<OffsetFetchRequest, OffsetFetchResponse> = defineHandler({
  api: offsetFetchApi,
  minVersion: 1,
  maxVersion: 9,
  handle(context, request) {
    if (context.version >= 8) {
      return {
        groups: distinct(request.groups, ({ groupId }) => groupId).map(({ groupId, topics }) => ({
          groupId,
          ...fetch(context, groupId, topics),
        })),
      }
    }
    const { topics, errorCode } = fetch(context, request.groupId, request.topics)
    if (errorCode === errorCodes.NONE || context.version >= 2) return { topics, errorCode }
    return { topics: failed(request.topics ?? [], errorCode) }
  },
})

function fetch(context: RequestContext, groupId: string, topics: Topics) {
  if (!coordinates(context, groupId)) return { topics: [], errorCode: errorCodes.NOT_COORDINATOR }
  return { topics: context.cluster.groups.fetchOffsets(groupId, topics), errorCode: errorCodes.NONE }
}

function failed(topics: NonNullable<Topics>, errorCode: number) {
  return topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, committedOffset: -1, metadata: '', errorCode })),
  }))
}
