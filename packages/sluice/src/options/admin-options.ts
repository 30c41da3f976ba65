import { type NetworkOptions, networkOptions, type UnsetNetworkOptions } from './network-options.ts'
import { MAX_INT, type OptionTable, type Resolved, whole } from './option-table.ts'

/** Options of the admin client: Java's names in camelCase, Java's 4.x defaults. */
export interface AdminOptions extends NetworkOptions {
  /** How long a call without a timeout of its own may take, retries included. @default 60000 */
  readonly defaultApiTimeoutMs?: number
  /** How often a failed request is sent again, within the call's timeout. @default 2147483647 */
  readonly retries?: number
}

export type UnsetAdminOptions = UnsetNetworkOptions

export type ResolvedAdminOptions = Omit<Resolved<AdminOptions, UnsetAdminOptions>, 'clientId' | 'securityProtocol'> & {
  readonly clientId: string
  readonly securityProtocol: NonNullable<NetworkOptions['securityProtocol']>
}

export const adminOptions: OptionTable<AdminOptions, UnsetAdminOptions> = {
  ...networkOptions(65_536),
  defaultApiTimeoutMs: whole(
    'default.api.timeout.ms',
    60_000,
    0,
    MAX_INT,
    'How long a call without a timeout of its own may take, retries included.',
  ),
  retries: whole('retries', MAX_INT, 0, MAX_INT, 'How often a failed request is sent again, within the call’s timeout.'),
}
