import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export const KAFKA_VERSION = '4.3.1'

const MEMBER = /^common\/message\/\w+\.json$/

export interface KafkaFacts {
  /** The message definitions, JSON with comment lines. */
  readonly messages: readonly string[]
  /** One line per error, as `Errors.java` prints them. */
  readonly errors: string
}

/** Gets the pinned kafka-clients jar through Maven, as it is configured on this machine, and takes the facts out of it. */
export function factsFromKafkaJar(cacheDirectory: string): KafkaFacts {
  mkdirSync(cacheDirectory, { recursive: true })
  const artifact = (name: string): string => `-Dartifact=${name}`
  const copy = ['-q', '-B', 'dependency:copy', `-DoutputDirectory=${cacheDirectory}`]
  // Kafka's error classes log through slf4j, which its jar does not contain.
  for (const name of [`org.apache.kafka:kafka-clients:${KAFKA_VERSION}`, 'org.slf4j:slf4j-api:1.7.36'])
    run('mvn', [...copy, artifact(name)])
  const jar = join(cacheDirectory, `kafka-clients-${KAFKA_VERSION}.jar`)
  const names = run('unzip', ['-Z1', jar, 'common/message/*.json']).split('\n')
  const messages = names.filter((name) => MEMBER.test(name)).map((name) => run('unzip', ['-p', jar, name]))
  const errors = run('java', [
    '-cp',
    [jar, join(cacheDirectory, 'slf4j-api-1.7.36.jar')].join(delimiter),
    join(import.meta.dirname, 'Errors.java'),
  ])
  return { messages, errors }
}

function run(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024 })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw new Error(`"${command}" is not installed: gen:protocol needs mvn, unzip and java (17 or newer); --offline needs none of them`)
  }
}
