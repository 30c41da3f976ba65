import { type Headers, KafkaError } from 'sluice'
import { isClaimId, sha256Of } from './claim-store.ts'

/** What a record says of its body that is elsewhere. */
export interface Claim {
  readonly id: string
  /** Of all that is stored, in hex. */
  readonly sha256: string
  readonly bytes: number
  /** The first so many bytes are the key, -1 when it was null; undefined when the record has kept it. */
  readonly keyBytes: number | undefined
}

/** Of headers: `<prefix>.id`, `<prefix>.sha256`, `<prefix>.bytes`, and `<prefix>.key-bytes` with `keepKey: false`. */
export class ClaimHeaders {
  readonly #id: string
  readonly #sha256: string
  readonly #bytes: string
  readonly #keyBytes: string

  constructor(prefix: string) {
    this.#id = `${prefix}.id`
    this.#sha256 = `${prefix}.sha256`
    this.#bytes = `${prefix}.bytes`
    this.#keyBytes = `${prefix}.key-bytes`
  }

  isIn(headers: Headers): boolean {
    return headers.has(this.#id)
  }

  write(headers: Headers, { id, sha256, bytes, keyBytes }: Claim): void {
    headers.set(this.#id, id).set(this.#sha256, sha256).set(this.#bytes, String(bytes))
    if (keyBytes === undefined) headers.delete(this.#keyBytes)
    else headers.set(this.#keyBytes, String(keyBytes))
  }

  remove(headers: Headers): void {
    for (const name of [this.#id, this.#sha256, this.#bytes, this.#keyBytes]) headers.delete(name)
  }

  /** Throws CORRUPT when they are not as `write` makes them: others may have written them. */
  read(headers: Headers): Claim {
    const id = headers.getString(this.#id) ?? ''
    const sha256 = headers.getString(this.#sha256) ?? ''
    const bytes = wholeNumber(headers.getString(this.#bytes))
    const keyText = headers.getString(this.#keyBytes)
    const keyBytes = keyText === undefined ? undefined : keyText === '-1' ? -1 : wholeNumber(keyText)
    if (!isClaimId(id) || sha256 !== sha256Of(id) || bytes === null || keyBytes === null || (keyBytes ?? 0) > bytes)
      throw new KafkaError('CORRUPT', 'claimCheck: the headers that say where the body is are not as claimCheck writes them')
    return { id, sha256, bytes, keyBytes }
  }
}

/** What the record has for a body: something that says what it is to those who do not fetch. */
export function referenceOf({ id, sha256, bytes }: Claim): Buffer {
  return Buffer.from(JSON.stringify({ claimCheck: { id, sha256, bytes } }), 'utf8')
}

function wholeNumber(text: string | null | undefined): number | null {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : null
}
