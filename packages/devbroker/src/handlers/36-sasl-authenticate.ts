// SaslAuthenticate, versions 0 to 2. Sessions do not expire.
import { errorCodes } from '@sluice/protocol'
import {
  type SaslAuthenticateRequest,
  type SaslAuthenticateResponse,
  saslAuthenticateApi,
} from '@sluice/protocol/messages/sasl-authenticate'
import { type ApiHandler, defineHandler } from './handler.ts'

export const saslAuthenticateHandler: ApiHandler<SaslAuthenticateRequest, SaslAuthenticateResponse> = defineHandler({
  api: saslAuthenticateApi,
  minVersion: 0,
  maxVersion: 2,
  handle({ authentication }, { authBytes }) {
    if (authentication === undefined) return { errorCode: errorCodes.ILLEGAL_SASL_STATE, errorMessage: 'no authentication here' }
    const { errorCode, errorMessage, bytes } = authentication.authenticate(authBytes)
    return { errorCode, errorMessage, authBytes: bytes }
  },
})
