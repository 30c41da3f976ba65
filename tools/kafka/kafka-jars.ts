import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../source-files.ts'

/** The line that `npm run test:kafka` proves. */
export const defaultKafkaVersion = '4.3.1'

/** slf4j-simple serves both the 3.9 and the 4.x lines, whose own logging back ends differ. */
const SLF4J_VERSION = '1.7.36'

const JAVA_HINT = 'a JDK 17 or newer (Debian: apt-get install openjdk-17-jdk-headless; macOS: brew install openjdk@17)'
const MAVEN_HINT = 'Maven, once, to fetch Kafka (Debian: apt-get install maven; macOS: brew install maven)'

/** The Kafka version of this run: what `npm run test:kafka -- --version` said, else the default. */
export function kafkaVersionOfRun(): string {
  return process.env.SLUICE_KAFKA_VERSION ?? defaultKafkaVersion
}

/**
 * The folder with Kafka's jars, fetched once from Maven Central into `.cache/kafka/VERSION`. Throws an Error that says
 * what is missing on this machine and how to get it.
 */
export function kafkaJars(version: string): string {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`--version must look like ${defaultKafkaVersion}, not "${version}"`)
  requireCommand('java', ['-version'], JAVA_HINT)
  const home = join(root, '.cache', 'kafka', version)
  const lib = join(home, 'lib')
  if (existsSync(lib)) return lib
  requireCommand('mvn', ['-v'], MAVEN_HINT)
  // A folder of its own, renamed when complete: an interrupted download is never taken for the whole.
  const fetching = join(home, `fetching-${process.pid}`)
  mkdirSync(fetching, { recursive: true })
  try {
    writeFileSync(join(fetching, 'pom.xml'), pom(version))
    process.stderr.write(`fetching Apache Kafka ${version} from Maven Central (once)\n`)
    const args = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=lib']
    const result = spawnSync('mvn', args, { cwd: fetching, encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`Maven could not fetch Apache Kafka ${version}:\n${result.stdout}${result.stderr}`)
    // Another process may have been quicker.
    if (!existsSync(lib)) renameSync(join(fetching, 'lib'), lib)
  } finally {
    rmSync(fetching, { recursive: true, force: true })
  }
  return lib
}

const present = new Set<string>()

/** Throws when `command` does not run. */
function requireCommand(command: string, args: readonly string[], what: string): void {
  if (present.has(command)) return
  if (spawnSync(command, args, { stdio: 'ignore' }).status !== 0) {
    throw new Error(
      `"${command}" does not run on this machine. A real Kafka needs ${what}. Without it: docker compose -f tools/kafka/compose.yaml --profile single up, or \`npm run test:kafka -- --bootstrap HOST:PORT\` with a cluster of your own.`,
    )
  }
  present.add(command)
}

function pom(version: string): string {
  const dependency = (group: string, artifact: string, of: string): string =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${of}</version></dependency>`
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.sluice</groupId><artifactId>real-kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', version)}
    ${dependency('org.slf4j', 'slf4j-simple', SLF4J_VERSION)}
  </dependencies>
</project>
`
}
