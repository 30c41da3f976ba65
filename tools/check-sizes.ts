// A file is read in one sitting: fails above 600 lines, unless the file is listed here with the reason.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageSources, root } from './source-files.ts'

const LIMIT = 600
const exceptions: Readonly<Record<string, string>> = {}

const sizes = packageSources()
  .filter((file) => !file.includes('/generated/'))
  .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }))
  .sort((a, b) => b.lines - a.lines)

for (const { file, lines } of sizes.slice(0, 10)) process.stdout.write(`${String(lines).padStart(5)} ${file}\n`)
const tooLong = sizes.filter(({ file, lines }) => lines > LIMIT && exceptions[file] === undefined)
if (tooLong.length > 0) {
  process.stderr.write(`above ${LIMIT} lines: ${tooLong.map(({ file }) => file).join(', ')}\n`)
  process.exit(1)
}
