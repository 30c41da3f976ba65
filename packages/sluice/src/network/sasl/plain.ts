import type { Provider } from '../client-network-options.ts'
import { provideText } from './credentials.ts'
import type { SaslMechanism } from './index.ts'

/** PLAIN (RFC 4616): name and password in one message, in clear text unless TLS is below. */
export async function* plain(options: { readonly username: Provider<string>; readonly password: Provider<string> }): SaslMechanism {
  const username = await provideText(options.username, 'username')
  const password = await provideText(options.password, 'password')
  yield Buffer.from(`\0${username}\0${password}`)
}
