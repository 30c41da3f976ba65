// InitProducerId, versions 0 to 5, for idempotent producers: each request gets a new producer id with epoch 0, as in Kafka.
// Missing: transactional ids, which are refused with UNSUPPORTED_VERSION and a line in the broker's log.
import { errorCodes } from '@sluice/protocol'
import { type InitProducerIdRequest, type InitProducerIdResponse, initProducerIdApi } from '@sluice/protocol/messages/init-producer-id'
import { quoted } from '../quoted.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

export const initProducerIdHandler: ApiHandler<InitProducerIdRequest, InitProducerIdResponse> = defineHandler({
  api: initProducerIdApi,
  minVersion: 0,
  maxVersion: 5,
  handle({ cluster, clientId }, { transactionalId }) {
    if (transactionalId !== null) {
      cluster.logger.warn('a producer asked for transactions, which this broker does not have', {
        clientId: quoted(clientId ?? ''),
        transactionalId: quoted(transactionalId),
      })
      return { errorCode: errorCodes.UNSUPPORTED_VERSION, producerId: -1, producerEpoch: -1 }
    }
    return { errorCode: 0, producerId: cluster.nextProducerId(), producerEpoch: 0 }
  },
})
