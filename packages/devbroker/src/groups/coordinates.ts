import type { RequestContext } from '../handlers/handler.ts'

/** Whether the node that the request came to coordinates the group; otherwise the answer is NOT_COORDINATOR and the client looks again. */
export function coordinates({ cluster, node }: RequestContext, groupId: string): boolean {
  return cluster.coordinatorFor(groupId)?.id === node.id
}
