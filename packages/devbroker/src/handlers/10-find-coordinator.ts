import { errorCodes } from '@sluice/protocol'
import { type FindCoordinatorRequest, type FindCoordinatorResponse, findCoordinatorApi } from '@sluice/protocol/messages/find-coordinator'
import { type ApiHandler, defineHandler, type RequestContext } from './handler.ts'

const GROUP = 0
const TRANSACTION = 1

/** Versions 0 to 6: several keys at once from version 4 on. Share groups (key type 2 of version 6) are refused with INVALID_REQUEST. */
export const findCoordinatorHandler: ApiHandler<FindCoordinatorRequest, FindCoordinatorResponse> = defineHandler({
  api: findCoordinatorApi,
  minVersion: 0,
  maxVersion: 6,
  handle(context, { key, keyType, coordinatorKeys }) {
    if (context.version < 4) return find(context, key, keyType)
    return { coordinators: coordinatorKeys.map((each) => ({ key: each, ...find(context, each, keyType) })) }
  },
})

function find({ cluster }: RequestContext, key: string, keyType: number) {
  if (keyType !== GROUP && keyType !== TRANSACTION)
    return notFound(errorCodes.INVALID_REQUEST, `key type ${keyType} has no coordinator here`)
  if (keyType === TRANSACTION && key === '') return notFound(errorCodes.INVALID_REQUEST, 'the transactional id is empty')
  const node = cluster.coordinatorFor(key)
  if (node === undefined) return notFound(errorCodes.COORDINATOR_NOT_AVAILABLE, 'every node is down')
  return { errorCode: errorCodes.NONE, errorMessage: null, nodeId: node.id, host: node.host, port: node.port }
}

function notFound(errorCode: number, errorMessage: string) {
  return { errorCode, errorMessage, nodeId: -1, host: '', port: -1 }
}
