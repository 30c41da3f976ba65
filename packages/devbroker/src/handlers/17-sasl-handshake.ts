// SaslHandshake, versions 0 and 1. After version 0 the SASL messages come as bare frames, after version 1 in SaslAuthenticate.
import { errorCodes } from '@sluice/protocol'
import { type SaslHandshakeRequest, type SaslHandshakeResponse, saslHandshakeApi } from '@sluice/protocol/messages/sasl-handshake'
import { type ApiHandler, defineHandler } from './handler.ts'

export const saslHandshakeHandler: ApiHandler<SaslHandshakeRequest, SaslHandshakeResponse> = defineHandler({
  api: saslHandshakeApi,
  minVersion: 0,
  maxVersion: 1,
  handle({ authentication, version }, { mechanism }) {
    return {
      errorCode: authentication?.handshake(mechanism, version === 0) ?? errorCodes.ILLEGAL_SASL_STATE,
      mechanisms: authentication?.mechanisms ?? [],
    }
  },
})
