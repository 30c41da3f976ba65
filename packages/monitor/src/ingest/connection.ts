import type { ConsumerOptions } from 'sluice'

const connection = [
  'bootstrapServers',
  'securityProtocol',
  'ssl',
  'sasl',
  'requestTimeoutMs',
  'reconnectBackoffMs',
  'reconnectBackoffMaxMs',
  'socketConnectionSetupTimeoutMs',
  'socketConnectionSetupTimeoutMaxMs',
  'connectionsMaxIdleMs',
  'metadataRecoveryStrategy',
] as const

/** What a consumer and an admin client have in common. */
export function connectionOf<T extends Pick<ConsumerOptions, 'bootstrapServers'> & Partial<ConsumerOptions>>(
  kafka: T,
): Pick<T, (typeof connection)[number]> {
  return Object.fromEntries(connection.filter((name) => kafka[name] !== undefined).map((name) => [name, kafka[name]])) as Pick<
    T,
    (typeof connection)[number]
  >
}
