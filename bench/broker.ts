// The broker of a bench run, in a process of its own. Prints its address; old records of the produce topic are deleted.
import { DevBroker } from '@sluice/devbroker'

const partitions = Number(process.argv[2])
const broker = await DevBroker.start({
  topics: {
    'bench-produce': { partitions, configs: { 'retention.bytes': String(16 * 1024 * 1024), 'segment.bytes': String(4 * 1024 * 1024) } },
    'bench-consume': partitions,
  },
  maxMemoryBytes: 2 * 1024 ** 3,
})
process.stdout.write(`${broker.bootstrapServers}\n`)
process.once('SIGTERM', () => void broker.close().then(() => process.exit(0)))
