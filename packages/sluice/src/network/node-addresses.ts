import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { KafkaError } from '../errors.ts'

/** All addresses of a host name, best first. */
export type AddressLookup = (host: string) => Promise<readonly string[]>

export const systemLookup: AddressLookup = async (host) => {
  if (isIP(host)) return [host]
  const found = await lookup(host, { all: true })
  return found.map((entry) => entry.address)
}

/** Walks through the addresses of one name: all are tried before the name is resolved again (Java: client.dns.lookup=use_all_dns_ips). */
export class NodeAddresses {
  readonly #host: string
  readonly #lookup: AddressLookup
  #untried: readonly string[] = []
  #lastAttempted: string | null = null

  constructor(host: string, addressLookup: AddressLookup) {
    this.#host = host
    this.#lookup = addressLookup
  }

  get hasUntried(): boolean {
    return this.#untried.length > 0
  }

  /** Rejects with NETWORK when the name does not resolve. */
  async next(): Promise<string> {
    if (this.#untried.length === 0) this.#untried = this.#withoutLastAttempted(await this.#resolve())
    const [address, ...rest] = this.#untried
    this.#untried = rest
    this.#lastAttempted = address!
    return address!
  }

  /** The next attempt resolves the name again. */
  clear(): void {
    this.#untried = []
  }

  async #resolve(): Promise<readonly string[]> {
    let addresses: readonly string[]
    try {
      addresses = await this.#lookup(this.#host)
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
      throw new KafkaError('NETWORK', `cannot resolve the host name "${this.#host}": ${code}`, { cause, retriable: true })
    }
    if (addresses.length === 0) {
      throw new KafkaError('NETWORK', `the host name "${this.#host}" resolves to no address`, { retriable: true })
    }
    return addresses
  }

  /** The address that just failed, or was just lost, is not the first one to try again. */
  #withoutLastAttempted(addresses: readonly string[]): readonly string[] {
    return addresses.length > 1 && addresses[0] === this.#lastAttempted ? addresses.slice(1) : addresses
  }
}
