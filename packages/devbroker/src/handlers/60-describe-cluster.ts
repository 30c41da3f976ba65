// DescribeCluster, versions 0 and 1, for brokers; there are no controllers of their own to describe.
import { errorCodes } from '@sluice/protocol'
import { type DescribeClusterRequest, type DescribeClusterResponse, describeClusterApi } from '@sluice/protocol/messages/describe-cluster'
import { type ApiHandler, defineHandler } from './handler.ts'

const BROKERS = 1

export const describeClusterHandler: ApiHandler<DescribeClusterRequest, DescribeClusterResponse> = defineHandler({
  api: describeClusterApi,
  minVersion: 0,
  maxVersion: 1,
  handle({ cluster }, { endpointType }) {
    if (endpointType !== BROKERS) {
      return { errorCode: errorCodes.UNSUPPORTED_ENDPOINT_TYPE, errorMessage: 'this broker has no controller endpoints', endpointType }
    }
    return {
      errorCode: 0,
      clusterId: cluster.clusterId,
      controllerId: cluster.controller()?.id ?? -1,
      brokers: cluster.liveNodes().map(({ id, host, port }) => ({ brokerId: id, host, port })),
    }
  },
})
