// Installs what is missing before a command runs, so that `npm start` and `npm test` work on a clean clone.
// Runs on the machine's own Node (20 or newer); everything after it runs on the Node that the lock file pins.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const marker = `${root}node_modules/.package-lock.json`
const pinnedNode = `${root}node_modules/node/bin/node`

function installed() {
  if (!existsSync(marker) || !existsSync(pinnedNode)) return false
  if (statSync(marker).mtimeMs < statSync(`${root}package-lock.json`).mtimeMs) {
    const wanted = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')).packages
    const present = JSON.parse(readFileSync(marker, 'utf8')).packages
    for (const [path, entry] of Object.entries(wanted)) {
      if (path === '' || entry.link || entry.optional || !path.startsWith('node_modules/')) continue
      if (present[path]?.version !== entry.version) return false
    }
  }
  return true
}

if (!installed()) {
  process.stderr.write('sluice: installing dependencies (once)\n')
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const result = spawnSync(npm[0], [...npm.slice(1), 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (result.status !== 0) {
    process.stderr.write(`sluice: installation failed (npm ci exited with ${result.status ?? result.signal})\n`)
    process.exit(1)
  }
  if (!existsSync(pinnedNode)) {
    process.stderr.write('sluice: npm skipped the install script of the package "node"; run `npm rebuild node` and try again\n')
    process.exit(1)
  }
}
