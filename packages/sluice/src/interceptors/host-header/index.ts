import { hostname } from 'node:os'
import {
  type Clock,
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  type Headers,
  interceptorOptions,
  nonEmptyString,
  type ProducerInterceptor,
} from 'sluice'
import { type Compat, compatRow, flumeOptions } from '../text/compat.ts'
import { canonicalName, machineAddress, resolvedAddress } from './machine-address.ts'

export interface HostHeaderOptions extends CommonInterceptorOptions {
  /** Keeps the header when the record has it already, whatever it holds. @default false */
  readonly preserveExisting?: boolean
  /** Writes the address; false writes the host's name. @default true */
  readonly useIP?: boolean
  /** The header's name. @default host */
  readonly hostHeader?: string
  /**
   * `flume` asks the resolver for the address of this host's name, or with `useIP: false` for the canonical name of that
   * address, as Java does; and reads booleans as Flume does. @default none
   */
  readonly compat?: Compat
}

/** The resolver is given up after so long; Java leaves that to the system. */
const LOOKUP_TIMEOUT_MS = 10_000

/**
 * Writes the address or name of the machine this runs on (Flume: host). It is looked up once, when the client is made;
 * if that fails, there is one warning, and records pass unchanged for ever, as in Flume.
 */
export function hostHeader(given?: HostHeaderOptions): ProducerInterceptor & ConsumerInterceptor {
  const options = flumeOptions(given, { booleans: ['preserveExisting', 'useIP'] })
  const own = interceptorOptions('hostHeader', options, {
    preserveExisting: { default: false },
    useIP: { default: true },
    hostHeader: { default: 'host', check: nonEmptyString },
    compat: compatRow,
  })
  const local = own.compat === 'flume' ? null : lookUp(own.useIP)
  let host = typeof local === 'string' ? local : null

  function write(headers: Headers): void {
    if (host === null || (own.preserveExisting && headers.has(own.hostHeader))) return
    headers.set(own.hostHeader, host)
  }

  return {
    ...(own.compat === 'flume' ? { onError: 'fail' as const } : {}),
    ...commonOptions('host-header', options),
    configure({ logger, clock }) {
      const warn = (error: unknown): void =>
        logger.warn('host-header: this machine has no address or name that can be told; records pass without it', { error })
      if (local instanceof Error) return warn(local)
      if (local !== null) return
      return limited(own.useIP ? resolvedAddress() : canonicalName(), clock).then((found) => {
        host = found
      }, warn)
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
    return (useIP ? machineAddress() : hostname()) || new Error('the system gives an empty name')
  } catch (error) {
    return error instanceof Error ? error : new Error('the system gives none')
  }
}

function limited(found: Promise<string>, clock: Clock): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(
      () => reject(new Error(`no answer from the resolver in ${LOOKUP_TIMEOUT_MS} ms`)),
      LOOKUP_TIMEOUT_MS,
      false,
    )
    found.then(resolve, reject).finally(() => timer.cancel())
  })
}
