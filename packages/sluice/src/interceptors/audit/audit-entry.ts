/** One line of the audit. Never a key or a value. */
export interface AuditEntry {
  /** Of this form. */
  readonly v: 1
  /** When it was written down, in ISO 8601. */
  readonly at: string
  readonly who: string
  readonly what: 'send' | 'handle' | 'commit'
  readonly outcome: 'done' | 'failed' | 'dropped' | 'deadLettered'
  readonly clientId: string
  /** Of a consumer. */
  readonly group?: string
  readonly topic: string
  /** -1 when none was chosen. */
  readonly partition: number
  /** -1 when the record has none, because it was not written. */
  readonly offset: number
  /** What went wrong: the code of a KafkaError, else the name of the error. */
  readonly error?: string
  /** Why it was dropped or dead-lettered. */
  readonly reason?: string
  /** CRC-32C of key and value; with the option `checksums`. */
  readonly checksum?: number
  /** Bytes of the record; with the option `checksums`. */
  readonly size?: number
  /** Those of the option `headers`, as text. */
  readonly headers?: Readonly<Record<string, string | null>>
  /** So many entries before this one could not be written. */
  readonly lost?: number
  /** Of the hash chain: which one, the place in it, the hash of the entry before, and its own. */
  readonly chain?: string
  readonly seq?: number
  readonly previous?: string
  readonly hash?: string
}

/** Where entries go. */
export interface AuditSink {
  /** Called once, before the first entry. A rejection fails the making of the client. */
  open?(): Promise<void>
  /** One call at a time, the next only after this one has settled. Writes all entries, or rejects; then they may come again. */
  write(entries: readonly AuditEntry[]): Promise<void>
  /** The hash of the last entry that is there from an earlier run. */
  lastHash?(): Promise<string | undefined>
  close?(): Promise<void>
}
