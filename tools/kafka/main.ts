// npm run kafka [-- --version V] [--brokers N] [--port P]: a real Apache Kafka in KRaft mode on loopback, fetched from
// Maven Central. Prints the address when it answers; Ctrl-C stops it and removes its data.
import { parseArgs } from 'node:util'
import { KafkaCluster } from './kafka-cluster.ts'
import { defaultKafkaVersion } from './kafka-jars.ts'
import { wholeNumber } from './whole-number.ts'

const stop = new AbortController()
const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stop.abort()
      resolve()
    })
  }
})

try {
  const { values } = parseArgs({
    options: {
      version: { type: 'string', default: defaultKafkaVersion },
      brokers: { type: 'string', default: '1' },
      port: { type: 'string' },
    },
  })
  const { version, port } = values
  const brokers = wholeNumber('--brokers', values.brokers, 1, 9)
  await using cluster = await KafkaCluster.start({
    version,
    brokers,
    ...(port === undefined ? {} : { port: wholeNumber('--port', port, 1, 65536 - brokers) }),
    signal: stop.signal,
  })
  process.stdout.write(`Apache Kafka ${version} listening on ${cluster.bootstrapServers} (Ctrl-C stops it and removes its data)\n`)
  await interrupted
} catch (error) {
  if (!stop.signal.aborted) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
}
