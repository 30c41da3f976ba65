// ApiVersions, versions 0 to 4. A version that is not known gets an answer of version 0 that says which are; every other API in a
// wrong version closes the connection. No features are announced, so that clients stay on the older transaction and group protocols.
import { encodeResponse, errorCodes } from '@sluice/protocol'
import { type ApiVersionsRequest, type ApiVersionsResponse, apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import type { AdvertisedVersions } from '../broker/router.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

const FIRST_WITH_SOFTWARE_NAME = 3
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

export const apiVersionsHandler: ApiHandler<ApiVersionsRequest, ApiVersionsResponse> = defineHandler({
  api: apiVersionsApi,
  minVersion: 0,
  maxVersion: 4,
  handle({ node, version }, request) {
    const named = SOFTWARE_NAME.test(request.clientSoftwareName) && SOFTWARE_NAME.test(request.clientSoftwareVersion)
    if (version >= FIRST_WITH_SOFTWARE_NAME && !named) return { errorCode: errorCodes.INVALID_REQUEST }
    return { errorCode: 0, apiKeys: node.advertisedVersions() }
  },
})

/** The frame for a request in a version above what is known. */
export function refuseApiVersions(correlationId: number, advertised: readonly AdvertisedVersions[]): Buffer[] {
  const apiKeys = advertised.filter(({ apiKey }) => apiKey === apiVersionsApi.key)
  return encodeResponse(apiVersionsApi, 0, correlationId, { errorCode: errorCodes.UNSUPPORTED_VERSION, apiKeys })
}
