import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'

export const saslMechanisms: readonly SaslMechanism[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']

export interface ScramCredential {
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** Kafka's least number of iterations, and its default. */
const SCRAM_ITERATIONS = 4096

/** Who may connect, and by which mechanisms. */
export class Credentials {
  readonly mechanisms: readonly SaslMechanism[]
  readonly #passwords: Map<string, string>
  readonly #scram: Map<string, ScramCredential> = new Map()

  constructor(users: Readonly<Record<string, string>>, mechanisms: readonly SaslMechanism[]) {
    this.#passwords = new Map(Object.entries(users))
    this.mechanisms = mechanisms
  }

  hasUser(user: string): boolean {
    return this.#passwords.has(user)
  }

  passwordMatches(user: string, password: string): boolean {
    const expected = this.#passwords.get(user)
    // The comparison is made for unknown users too, so that both take the same time.
    const equal = timingSafeEqual(digest(password), digest(expected ?? ''))
    return expected !== undefined && equal
  }

  /** Derived from the password on first use. */
  scram(user: string, hash: 'sha256' | 'sha512'): ScramCredential | undefined {
    const password = this.#passwords.get(user)
    if (password === undefined) return undefined
    const key = `${hash} ${user}`
    let credential = this.#scram.get(key)
    if (credential === undefined) {
      const salt = randomBytes(24)
      const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, hash === 'sha256' ? 32 : 64, hash)
      const clientKey = createHmac(hash, salted).update('Client Key').digest()
      credential = {
        salt,
        iterations: SCRAM_ITERATIONS,
        storedKey: createHash(hash).update(clientKey).digest(),
        serverKey: createHmac(hash, salted).update('Server Key').digest(),
      }
      this.#scram.set(key, credential)
    }
    return credential
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
