import { Fault } from '@sluice/devbroker'
import { alterClientQuotasApi } from '@sluice/protocol/messages/alter-client-quotas'
import { kafkaErrorFor } from '../../packages/sluice/src/network/broker-error.ts'
import type { TestCluster } from './test-cluster.ts'

const BYTES_PER_SECOND = 20_000
const THROTTLE_MS = 300

/**
 * Limits what a client may produce until the returned function is called. On Kafka by a quota, which brokers learn a little
 * later and then enforce; the development broker has none, and says once that it throttles.
 */
export async function limitProducer(cluster: TestCluster, clientId: string): Promise<() => Promise<void>> {
  if (cluster.kind === 'devbroker') {
    cluster.devBroker.faults.push('Produce', Fault.throttle(THROTTLE_MS))
    return async () => {}
  }
  const setQuota = async (remove: boolean): Promise<void> => {
    const [node] = cluster.connection.metadata.cluster.nodes.values()
    const entity = [{ entityType: 'client-id', entityName: clientId }]
    const ops = [{ key: 'producer_byte_rate', value: BYTES_PER_SECOND, remove }]
    const { entries } = await cluster.connection.client.request(node!, alterClientQuotasApi, { entries: [{ entity, ops }] })
    if (entries[0]!.errorCode !== 0) throw kafkaErrorFor(entries[0]!.errorCode, {})
  }
  await setQuota(false)
  return () => setQuota(true)
}
