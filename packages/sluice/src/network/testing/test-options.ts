import type { ClientNetworkOptions } from '../client-network-options.ts'
import type { ScriptedBroker } from './scripted-broker.ts'

/** Options with Java's defaults. */
export function testOptions(broker: ScriptedBroker | null, more: Partial<ClientNetworkOptions> = {}): ClientNetworkOptions {
  return {
    bootstrapServers: broker?.address ?? '127.0.0.1:1',
    clientId: 'network-test',
    securityProtocol: 'PLAINTEXT',
    requestTimeoutMs: 30_000,
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 1000,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1000,
    socketConnectionSetupTimeoutMs: 10_000,
    socketConnectionSetupTimeoutMaxMs: 30_000,
    connectionsMaxIdleMs: 540_000,
    metadataMaxAgeMs: 300_000,
    metadataRecoveryStrategy: 'rebootstrap',
    metadataRecoveryRebootstrapTriggerMs: 300_000,
    maxInFlightRequestsPerConnection: 5,
    ...more,
  }
}
