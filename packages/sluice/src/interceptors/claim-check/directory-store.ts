import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, rename, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { configError } from 'sluice'
import { type ClaimStore, checkClaimId, tooLarge } from './claim-store.ts'

/**
 * Bodies as files of a folder, which producers and consumers must share. A file is there as a whole or not at all, and on the
 * disk before the record is sent. The folder is made when it is missing.
 */
export function directoryStore(directory: string): ClaimStore {
  if (typeof directory !== 'string' || directory === '') throw configError('claimCheck: the directory of a store must be a path')
  const root = resolve(directory)
  const folderOf = (id: string): string => join(root, id.slice(0, 2))

  return {
    async open() {
      await mkdir(root, { recursive: true })
    },

    async put(id, bytes, signal) {
      checkClaimId(id)
      const folder = folderOf(id)
      await mkdir(folder, { recursive: true })
      const unfinished = join(folder, `.${id}.${randomUUID()}`)
      const file = await open(unfinished, 'wx', 0o600)
      try {
        try {
          await file.writeFile(bytes, { signal })
          await file.sync()
        } finally {
          await file.close()
        }
        signal.throwIfAborted()
        await rename(unfinished, join(folder, id))
      } catch (error) {
        await unlink(unfinished).catch(() => {})
        throw error
      }
    },

    async get(id, signal, maxBytes) {
      checkClaimId(id)
      const file = await open(join(folderOf(id), id), constants.O_RDONLY | constants.O_NOFOLLOW).catch(nothingThere)
      if (file === null) return null
      try {
        const { size } = await file.stat()
        if (size > maxBytes) throw tooLarge(maxBytes)
        return await file.readFile({ signal })
      } finally {
        await file.close()
      }
    },

    async delete(id) {
      checkClaimId(id)
      await unlink(join(folderOf(id), id)).catch(nothingThere)
    },
  }
}

function nothingThere(error: NodeJS.ErrnoException): null {
  if (error.code !== 'ENOENT') throw error
  return null
}
