import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'

interface Versions {
  /** The address of each content that was imported. */
  readonly urls: Map<string, string>
  attempts: number
}

const known = new Map<string, Versions>()

/** Imports a file, again when its content is another than before: Node imports one address only once. Modules that it imports stay as they are. */
export async function importFile(path: string): Promise<{ readonly namespace: object; readonly url: string }> {
  const content = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
    .slice(0, 16)
  const plain = pathToFileURL(path).href
  let versions = known.get(path)
  if (versions === undefined) known.set(path, (versions = { urls: new Map(), attempts: 0 }))
  const url = versions.urls.get(content) ?? (versions.attempts === 0 ? plain : `${plain}?sluice=${content}-${versions.attempts}`)
  versions.attempts++
  const namespace = (await import(url)) as object
  // Only what could be imported is kept: Node remembers failures too.
  versions.urls.set(content, url)
  return { namespace, url }
}
