import { type FileHandle, open, readdir, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { KafkaError } from 'sluice'
import type { AuditEntry, AuditSink } from './audit-entry.ts'

export interface AuditFile {
  /** Entries are appended as JSON, one a line. The folder must be there. */
  readonly file: string
  /** Each write is on the disk before it counts as written. @default false */
  readonly fsync?: boolean
  /** A file that would grow beyond this is renamed to FILE.1, FILE.2 and so on, and never deleted. @default without limit */
  readonly maxBytes?: number
}

/** How far back the last line is looked for. */
const TAIL_BYTES = 64 * 1024

export class FileSink implements AuditSink {
  readonly #path: string
  readonly #fsync: boolean
  readonly #maxBytes: number
  #handle: FileHandle | undefined
  #bytes = 0
  #rotated = 0

  constructor({ file, fsync = false, maxBytes = Number.POSITIVE_INFINITY }: AuditFile) {
    this.#path = file
    this.#fsync = fsync
    this.#maxBytes = maxBytes
  }

  async open(): Promise<void> {
    try {
      this.#rotated = await lastNumber(this.#path)
      await this.#open()
    } catch (cause) {
      throw new KafkaError('CONFIG', `audit: the file ${JSON.stringify(this.#path)} cannot be opened for appending`, { cause })
    }
  }

  async write(entries: readonly AuditEntry[]): Promise<void> {
    const lines = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
    if (this.#bytes > 0 && this.#bytes + lines.length > this.#maxBytes) await this.#rotate()
    if (this.#handle === undefined) await this.#open()
    const handle = this.#handle!
    try {
      await handle.appendFile(lines)
      if (this.#fsync) await handle.datasync()
      this.#bytes += lines.length
    } catch (cause) {
      // How much of it is there is not known; what can be taken back is not there twice when it is written again.
      this.#handle = undefined
      await handle.truncate(this.#bytes).catch(() => {})
      await handle.close().catch(() => {})
      throw cause
    }
  }

  async lastHash(): Promise<string | undefined> {
    const last = (await this.#tail()).trimEnd().split('\n').at(-1) ?? ''
    try {
      const { hash } = JSON.parse(last) as { hash?: unknown }
      return typeof hash === 'string' ? hash : undefined
    } catch {
      return undefined
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #open(): Promise<void> {
    this.#handle = await open(this.#path, 'a+')
    this.#bytes = (await this.#handle.stat()).size
    const tail = await this.#tail()
    if (tail === '' || tail.endsWith('\n')) return
    await this.#handle.appendFile('\n')
    this.#bytes++
  }

  async #tail(): Promise<string> {
    const length = Math.min(this.#bytes, TAIL_BYTES)
    const { buffer } = await this.#handle!.read(Buffer.alloc(length), 0, length, this.#bytes - length)
    return buffer.toString('utf8')
  }

  async #rotate(): Promise<void> {
    await this.close()
    try {
      await rename(this.#path, `${this.#path}.${this.#rotated + 1}`)
      this.#rotated++
    } catch (cause) {
      // Somebody has taken the file away: there is nothing to rename, and a new one begins.
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    }
    await this.#open()
  }
}

async function lastNumber(path: string): Promise<number> {
  const begin = `${basename(path)}.`
  const numbers = (await readdir(dirname(join(path))))
    .filter((name) => name.startsWith(begin) && /^\d+$/.test(name.slice(begin.length)))
    .map((name) => Number(name.slice(begin.length)))
  return Math.max(0, ...numbers)
}
