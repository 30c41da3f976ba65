// The built web page, as the HTTP server gives it out.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const zip = promisify(gzip)

export interface PageFile {
  /** The content-type. */
  readonly type: string
  readonly plain: Buffer
  /** The same, compressed at the highest level. */
  readonly gzip: Buffer
  /** Named by its content, so a browser may keep it for ever; what is not must be asked for again each time. */
  readonly immutable: boolean
}

/** What the page needs, and nothing from elsewhere: no inline script, no other host, nobody may frame it. */
export const pageSecurityPolicy: string =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Every file of the page by its path, such as `/assets/index-1a2b3c.js`; the page itself is `/`. In the repository it is built
 * first when there is no build of the present sources, which takes about a second. Rejects with an Error that says what the
 * build printed, or which folder is missing in an installed package.
 */
export async function pageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const folder = await builtFolder()
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = new Map<string, PageFile>()
  for (const entry of names) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const path = `/${file.slice(folder.length + 1).replaceAll(sep, '/')}`
    const plain = await readFile(file)
    files.set(path === '/index.html' ? '/' : path, {
      type: types[extname(path)] ?? 'application/octet-stream',
      plain,
      gzip: await zip(plain, { level: 9 }),
      immutable: path.startsWith('/assets/'),
    })
  }
  return files
}

async function builtFolder(): Promise<string> {
  // Run from its sources, so in the repository. Not an import that a bundler or a reader of import lines could follow:
  // the tools are no part of the package.
  if (import.meta.url.endsWith('.ts')) {
    const tool = new URL('../../../tools/build-page.ts', import.meta.url).href
    const { buildPage } = (await import(tool)) as { readonly buildPage: () => Promise<string> }
    return buildPage()
  }
  // Beside the package's main file, or above the folder of what its entries share.
  const places = ['page', '../page'].map((place) => fileURLToPath(new URL(place, import.meta.url)))
  const found = places.find((place) => existsSync(join(place, 'index.html')))
  if (found === undefined) throw new Error(`the monitor's web page is not installed: there is no ${places.join(' and no ')}`)
  return found
}
