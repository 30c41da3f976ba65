// node tools/peers.ts [PEER...]: installs other people's clients, which interoperability tests and the bench run beside
// ours, from test/peers/PEER into .cache/peers/PEER (once). Native ones are built for the Node that runs this.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { root } from './source-files.ts'

export interface Peer {
  /** The folder under test/peers. */
  readonly name: string
  /** The npm package that is loaded. */
  readonly package: string
  /** What a build from source needs on this machine. */
  readonly needs: string
}

export const peers: readonly Peer[] = [
  {
    name: 'confluent',
    package: '@confluentinc/kafka-javascript',
    needs:
      'a C++ compiler and the libraries of librdkafka (Debian: apt-get install g++ make python3 pkg-config zlib1g-dev libssl-dev libsasl2-dev libcurl4-openssl-dev libzstd-dev)',
  },
]

function peerNamed(name: string): Peer {
  const peer = peers.find((candidate) => candidate.name === name)
  if (!peer) throw new Error(`there is no peer "${name}": ${peers.map((known) => known.name).join(', ')}`)
  return peer
}

/** The folder in which the peer's package can be imported, once it is installed. */
export function peerHome(name: string): string {
  return join(root, '.cache', 'peers', name)
}

/** Says for which package versions and which Node the folder was installed: native code loads in that one only. */
function stampOf({ name }: Peer): string {
  return `${process.version} ${process.arch}\n${readFileSync(join(root, 'test', 'peers', name, 'package-lock.json'), 'utf8')}`
}

/** True when the peer is installed, in the version that is pinned, for the Node that runs this. */
export function isPeerInstalled(name: string): boolean {
  const peer = peerNamed(name)
  const stamp = join(peerHome(name), 'installed')
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === stampOf(peer)
}

/** Loads an installed peer's package. */
export function requirePeer(name: string): any {
  const peer = peerNamed(name)
  return createRequire(join(peerHome(name), 'package.json'))(peer.package)
}

/** Installs the peer; takes minutes when native code has to be built. Throws an Error that says what failed and what it needs. */
export function installPeer(name: string): void {
  const peer = peerNamed(name)
  const home = peerHome(name)
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(root, 'test', 'peers', name, file), join(home, file))
  npm(peer, home, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  boundJobs(home)
  npm(peer, home, ['rebuild', '--foreground-scripts', '--loglevel=error'])
  writeFileSync(join(home, 'installed'), stampOf(peer))
}

function npm(peer: Peer, home: string, args: readonly string[]): void {
  const headers = nodeHeaders()
  const result = spawnSync('nice', ['-n', '15', 'npm', ...args], {
    cwd: home,
    stdio: ['ignore', 2, 2],
    env: {
      ...process.env,
      // npm and node-gyp run on this Node, so that the native code is built for it.
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      npm_config_build_from_source: 'true',
      // Confluent's default is to fetch the sources of zlib, OpenSSL, zstd and curl from their sites and link them statically.
      CKJS_LINKING: 'dynamic',
      JOBS: '1',
      ...(headers === undefined ? {} : { npm_config_nodedir: headers }),
    },
  })
  if (result.status !== 0) {
    throw new Error(`${peer.package} could not be installed (npm ended with ${result.status ?? result.signal}): it needs ${peer.needs}`)
  }
}

/** librdkafka's part of Confluent's build says \`make -j\`: as many compilers at once as there are files. */
function boundJobs(home: string): void {
  const file = join(home, 'node_modules', '@confluentinc', 'kafka-javascript', 'deps', 'librdkafka.gyp')
  if (existsSync(file)) writeFileSync(file, readFileSync(file, 'utf8').replace('"make", "-j",', '"make", "-j1",'))
}

/** The headers that came with the Node that runs this, so that node-gyp need not fetch them; undefined if there are none. */
function nodeHeaders(): string | undefined {
  const candidates = [dirname(dirname(process.execPath))]
  const { platform, arch } = process
  for (const from of [join(root, 'node_modules', 'node', 'package.json'), join(root, 'package.json')]) {
    try {
      candidates.push(dirname(createRequire(from).resolve(`node-${platform}-${arch}/package.json`)))
    } catch {
      // Not there: the package sits below "node" or beside it.
    }
  }
  return candidates.find((home) => {
    const header = join(home, 'include', 'node', 'node_version.h')
    return (
      existsSync(header) && readFileSync(header, 'utf8').includes(`#define NODE_MAJOR_VERSION ${process.versions.node.split('.')[0]}\n`)
    )
  })
}

if (import.meta.main) {
  const wanted = process.argv.slice(2)
  for (const name of wanted.length === 0 ? peers.map((peer) => peer.name) : wanted) {
    if (isPeerInstalled(name)) continue
    try {
      installPeer(name)
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`)
      process.exitCode = 1
    }
  }
}
