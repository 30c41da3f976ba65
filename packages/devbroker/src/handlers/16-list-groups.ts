import { type ListGroupsRequest, type ListGroupsResponse, listGroupsApi } from '@sluice/protocol/messages/list-groups'
import { coordinates } from '../groups/coordinates.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

/** Versions 0 to 5: filters by state from version 4 and by type from version 5 on, without regard to case; an empty filter lets all pass. */
export const listGroupsHandler: ApiHandler<ListGroupsRequest, ListGroupsResponse> = defineHandler({
  api: listGroupsApi,
  minVersion: 0,
  maxVersion: 5,
  handle(context, { statesFilter, typesFilter }) {
    const states = lowerCase(statesFilter)
    const types = lowerCase(typesFilter)
    const groups = context.cluster.groups
      .list()
      .filter(
        ({ groupId, groupState, groupType }) => coordinates(context, groupId) && passes(states, groupState) && passes(types, groupType),
      )
    return { groups }
  },
})

function lowerCase(filter: readonly string[]): ReadonlySet<string> {
  return new Set(filter.map((wanted) => wanted.toLowerCase()))
}

function passes(filter: ReadonlySet<string>, value: string): boolean {
  return filter.size === 0 || filter.has(value.toLowerCase())
}
