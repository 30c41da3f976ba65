// npm run kafka [-- --version V] [--brokers N] [--port P]: a real Apache Kafka in KRaft mode on loopback, fetched from
// Maven Central. Prints the address when it answers; Ctrl-C stops it and removes its data.
import { parseArgs } from 'node:util'
import { KafkaCluster } from './kafka-cluster.ts'
import { defaultKafkaVersion } from './kafka-jars.ts'

const { values } = parseArgs({
  options: {
    version: { type: 'string', default: defaultKafkaVersion },
    brokers: { type: 'string', default: '1' },
    port: { type: 'string' },
  },
})

try {
  const cluster = await KafkaCluster.start({
    version: values.version,
    brokers: Number(values.brokers),
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
  })
  process.stdout.write(`listening ${cluster.bootstrapServers}\n`)
  const stop = (): void => void cluster.stop().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
