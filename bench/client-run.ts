import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { KafkaProducer } from 'sluice'
import { root } from '../tools/source-files.ts'
import { type Case, CONSUME_RECORDS, MEMORY_BYTES, valuesOf } from './cases.ts'
import { runForJson, startChild } from './child-process.ts'
import type { Contestant } from './contestant.ts'
import { runKcat } from './kcat.ts'
import type { Result } from './results.ts'
import type { Run } from './run.ts'

const PARTITIONS = 6
const RUN_TIMEOUT_MS = 180_000
const WARM_UP_MS = 1000
/** kcat sends a file of so many records, and its start counts; enough of them that it hardly does. */
const KCAT_RECORDS = 1_500_000

export interface ClientRun extends Run {
  measure(contestant: Contestant, withInterceptors?: boolean): Promise<Result>
}

/** A case that clients run against a broker, each in a process of its own. */
export async function startClientRun(found: Case, seconds: number): Promise<ClientRun> {
  const broker = startChild(process.execPath, [join(root, 'bench', 'broker.ts'), String(PARTITIONS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [bootstrapServers] = (await once(createInterface(broker.stdout!), 'line')) as [string]
  const topic = found.kind === 'consume' ? 'bench-consume' : 'bench-produce'
  if (found.kind === 'consume') await fill(found, bootstrapServers)
  return {
    async measure({ client, tree }: Contestant, withInterceptors = false): Promise<Result> {
      if (client === 'kcat') return measureKcat(found, bootstrapServers, topic)
      const context = { bootstrapServers, topic, warmUpMs: WARM_UP_MS, measureMs: seconds * 1000, withInterceptors }
      const args = [join(tree.folder, 'bench', 'worker.ts'), client, found.name, JSON.stringify(context)]
      return runForJson<Result>(args, tree.folder, RUN_TIMEOUT_MS)
    },
    async [Symbol.asyncDispose]() {
      broker.kill('SIGTERM')
      await once(broker, 'exit')
    },
  }
}

async function fill(found: Case, bootstrapServers: string): Promise<void> {
  await using producer = new KafkaProducer({ bootstrapServers })
  const [value] = valuesOf(found)
  let failure: unknown
  for (let i = 0; i < CONSUME_RECORDS; i++) {
    producer.send({ topic: 'bench-consume', value: value! }, (_metadata, error) => {
      failure ??= error ?? undefined
    })
    if (i % 10_000 === 0) await producer.flush()
  }
  await producer.flush()
  if (failure !== undefined) throw failure
}

async function measureKcat(found: Case, bootstrapServers: string, topic: string): Promise<Result> {
  const { valueBytes } = found.settings
  const records =
    found.kind === 'consume'
      ? CONSUME_RECORDS
      : found.kind === 'memory'
        ? Math.ceil(MEMORY_BYTES / valueBytes)
        : Math.ceil((KCAT_RECORDS * 100) / valueBytes) * 2
  const { seconds, cpuSec, rssMb } = await runKcat(found, bootstrapServers, topic, valuesOf(found), records)
  const recordsPerSec = records / seconds
  return {
    case: found.name,
    client: 'kcat',
    recordsPerSec: Math.round(recordsPerSec),
    mbPerSec: Number(((recordsPerSec * valueBytes) / 1e6).toFixed(2)),
    cpuSec,
    rssMb,
  }
}
