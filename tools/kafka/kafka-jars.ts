import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../source-files.ts'

/** The line that `npm run test:kafka` proves. */
export const defaultKafkaVersion = '4.3.1'

/** slf4j-simple serves both the 3.9 and the 4.x lines, whose own logging back ends differ. */
const SLF4J_VERSION = '1.7.36'

/**
 * The folder with Kafka's jars, fetched once from Maven Central into `.cache/kafka/VERSION`. Throws an Error that says
 * what is missing on this machine and how to get it.
 */
export function kafkaJars(version: string): string {
  const home = join(root, '.cache', 'kafka', version)
  const lib = join(home, 'lib')
  if (existsSync(lib)) return lib
  requireCommand('java', ['-version'], 'a JDK 17 or newer (Debian: apt-get install openjdk-17-jdk-headless)')
  requireCommand('mvn', ['-v'], 'Maven (Debian: apt-get install maven)')
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'pom.xml'), pom(version))
  const fetched = join(home, `lib-${process.pid}`)
  process.stderr.write(`fetching Apache Kafka ${version} from Maven Central (once)\n`)
  const result = spawnSync('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${fetched}`], {
    cwd: home,
    encoding: 'utf8',
  })
  if (result.status !== 0) {
    rmSync(fetched, { recursive: true, force: true })
    throw new Error(`Maven could not fetch Apache Kafka ${version}:\n${result.stdout}${result.stderr}`)
  }
  // Renamed when complete, so that an interrupted download is never taken for the whole.
  renameSync(fetched, lib)
  return lib
}

/** Throws when `command` does not run. */
export function requireCommand(command: string, args: readonly string[], what: string): void {
  if (spawnSync(command, args, { stdio: 'ignore' }).status === 0) return
  throw new Error(
    `"${command}" does not run on this machine: a real Kafka needs ${what}, or name your own cluster with --bootstrap HOST:PORT`,
  )
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
