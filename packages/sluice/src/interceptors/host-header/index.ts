import { hostname, networkInterfaces } from 'node:os'
import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  type Headers,
  interceptorOptions,
  nonEmptyString,
  type ProducerInterceptor,
} from 'sluice'

export interface HostHeaderOptions extends CommonInterceptorOptions {
  /** Keeps the header when the record has it already, whatever it holds. @default false */
  readonly preserveExisting?: boolean
  /** Writes the address; false writes the host's name. @default true */
  readonly useIP?: boolean
  /** The header's name. @default host */
  readonly hostHeader?: string
}

/**
 * Writes the address or name of the machine this runs on (Flume: host). It is looked up once, when the client is made;
 * if that fails, there is one warning, and records pass unchanged for ever, as in Flume.
 */
export function hostHeader(options?: HostHeaderOptions): ProducerInterceptor & ConsumerInterceptor {
  const own = interceptorOptions('hostHeader', options, {
    preserveExisting: { default: false },
    useIP: { default: true },
    hostHeader: { default: 'host', check: nonEmptyString },
  })
  let host: Buffer | null = null

  function write(headers: Headers): void {
    if (host === null || (own.preserveExisting && headers.has(own.hostHeader))) return
    headers.set(own.hostHeader, host)
  }

  return {
    ...commonOptions('host-header', options),
    configure({ logger }) {
      const found = lookUp(own.useIP)
      if (typeof found === 'string') host = Buffer.from(found, 'utf8')
      else logger.warn('host-header: this machine has no address or name that can be told; records pass without it', { error: found })
    },
    onSend(record) {
      write(record.headers)
      return record
    },
    onConsume(records) {
      for (const record of records) write(record.headers)
      return records
    },
  }
}

function lookUp(useIP: boolean): string | Error {
  try {
    return (useIP ? address() : hostname()) || new Error('the system gives an empty name')
  } catch (error) {
    return error instanceof Error ? error : new Error('the system gives none')
  }
}

/** The first address that others can reach, IPv4 before IPv6; a loopback address if there is no other. */
function address(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const rank = ({ family, internal, address }: (typeof all)[number]): number =>
    (internal ? 4 : 0) + (address.startsWith('fe80:') ? 2 : 0) + (family === 'IPv4' ? 0 : 1)
  return all.sort((a, b) => rank(a) - rank(b))[0]?.address
}
