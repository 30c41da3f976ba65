import { lookup, lookupService } from 'node:dns/promises'
import { hostname, networkInterfaces } from 'node:os'

/** The first address that others can reach, IPv4 before IPv6; a loopback address if there is no other. */
export function machineAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const rank = ({ family, internal, address }: (typeof all)[number]): number =>
    (internal ? 4 : 0) + (address.startsWith('fe80:') ? 2 : 0) + (family === 'IPv4' ? 0 : 1)
  return all.sort((a, b) => rank(a) - rank(b))[0]?.address
}

/** What the resolver gives for this host's name, IPv4 first (Java: `InetAddress.getLocalHost().getHostAddress()`). Rejects when it knows none. */
export async function resolvedAddress(): Promise<string> {
  const { address } = await lookup(hostname(), { order: 'ipv4first' })
  return address
}

/**
 * The name that the resolver gives for this host's address, if that name leads back to the address; else the address
 * (Java: `getCanonicalHostName()`).
 */
export async function canonicalName(): Promise<string> {
  const address = await resolvedAddress()
  try {
    const { hostname: name } = await lookupService(address, 0)
    const back = await lookup(name, { all: true })
    return back.some((found) => found.address === address) ? name : address
  } catch {
    return address
  }
}
