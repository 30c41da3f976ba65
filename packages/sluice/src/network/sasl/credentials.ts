import { KafkaError } from '../../errors.ts'
import type { Provider } from '../client-network-options.ts'

/** Asks for a credential. What a provider throws is kept as the cause, never quoted: it may hold the secret. */
export async function provide<T>(provider: Provider<T>, what: string): Promise<T> {
  if (typeof provider !== 'function') return provider
  try {
    return await (provider as () => T | Promise<T>)()
  } catch (cause) {
    throw new KafkaError('AUTHENTICATION', `the provider of the SASL ${what} failed`, { cause })
  }
}

export async function provideText(provider: Provider<string>, what: string): Promise<string> {
  const value: unknown = await provide(provider, what)
  if (typeof value !== 'string' || value === '') throw new KafkaError('AUTHENTICATION', `the SASL ${what} is empty`)
  if (value.includes('\0')) throw new KafkaError('AUTHENTICATION', `the SASL ${what} has a NUL character in it`)
  return value
}
