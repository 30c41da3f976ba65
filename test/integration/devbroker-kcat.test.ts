import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { DevBroker } from '@sluice/devbroker'
import { type ClusterNeeds, needs, testCluster } from '../support/test-cluster.ts'

const installed = spawnSync('kcat', ['-V']).error === undefined
const required = process.env.CI !== undefined || process.env.SLUICE_REQUIRE_KCAT !== undefined
const NOT_INSTALLED = 'KCAT IS NOT INSTALLED: THIS TEST DID NOT RUN (apt-get install kcat)'

/** Says so loudly when there is no kcat: a failure where it must be there, else a skip with the reason. */
function withKcat(name: string, body: () => Promise<void>, needed: ClusterNeeds = {}): void {
  test(`devbroker with kcat - ${name}`, { timeout: 60_000, ...needs(needed) }, async (context: TestContext) => {
    if (installed) return body()
    context.diagnostic(NOT_INSTALLED)
    if (required) assert.fail(NOT_INSTALLED)
    context.skip(NOT_INSTALLED)
  })
}

/** Runs kcat to its end and returns the lines of its standard output. */
async function kcat(broker: { readonly bootstrapServers: string }, args: readonly string[], input = ''): Promise<string[]> {
  const child = spawn('kcat', ['-b', broker.bootstrapServers, ...args], { stdio: 'pipe', timeout: 30_000 })
  const output: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout.on('data', (chunk) => output.push(chunk))
  child.stderr.on('data', (chunk) => errors.push(chunk))
  child.stdin.end(input)
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  assert.equal(code, 0, `kcat ${args.join(' ')} exited with ${code}: ${Buffer.concat(errors)}`)
  return Buffer.concat(output)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
}

function values(records: readonly { readonly value: Buffer | null }[]): (string | undefined)[] {
  return records.map(({ value }) => value?.toString())
}

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  withKcat(`what it produces with compression ${compression} is what it and we read`, async () => {
    await using cluster = await testCluster()
    const topic = await cluster.createTopic(3)
    const lines = Array.from({ length: 50 }, (_, i) => `${compression} line ${i}`)
    await kcat(cluster, ['-P', '-t', topic, '-p', '1', '-z', compression, '-H', 'source=kcat'], lines.join('\n'))
    const records = await cluster.records(topic, 1)
    assert.deepEqual(values(records), lines)
    // librdkafka leaves gzip, snappy and lz4 out without a word when Produce v0 is not announced (KAFKA-18659).
    assert.equal(records[0]?.compression, compression)
    assert.equal(records[0]?.headers[0]?.value?.toString(), 'kcat')
    const consumed = await kcat(cluster, ['-C', '-t', topic, '-e', '-q', '-X', 'fetch.wait.max.ms=50', '-f', '%p %o %h %s\n'])
    assert.deepEqual(
      consumed,
      lines.map((line, offset) => `1 ${offset} source=kcat ${line}`),
    )
  })
}

withKcat('it produces without acknowledgement, with one, and idempotently', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  for (const option of ['acks=0', 'acks=1', 'acks=all', 'enable.idempotence=true']) {
    await kcat(cluster, ['-P', '-t', topic, '-X', option], option)
  }
  assert.deepEqual(values(await cluster.records(topic)), ['acks=0', 'acks=1', 'acks=all', 'enable.idempotence=true'])
})

withKcat('a group consumes, commits, and goes on from there', async () => {
  await using cluster = await testCluster({ nodes: 3 })
  const topic = await cluster.createTopic(3)
  const groupId = cluster.unique('g')
  for (const partition of ['0', '1', '2']) await kcat(cluster, ['-P', '-t', topic, '-p', partition], `${partition}-a\n${partition}-b\n`)
  const consume = (count: number) =>
    kcat(cluster, ['-G', groupId, '-q', '-c', String(count), '-X', 'auto.offset.reset=earliest', '-X', 'fetch.wait.max.ms=50', topic])
  const first = await consume(6)
  assert.deepEqual(first.sort(), ['0-a', '0-b', '1-a', '1-b', '2-a', '2-b'])
  await kcat(cluster, ['-P', '-t', topic, '-p', '2'], 'later')
  assert.deepEqual(await consume(1), ['later'])
})

withKcat('it lists the nodes, makes topics by using them, and finds offsets by time', async () => {
  await using cluster = await testCluster({ nodes: 3 })
  const topic = cluster.unique('new')
  await kcat(cluster, ['-P', '-t', topic, '-p', '0'], 'one\ntwo')
  const listing = (await kcat(cluster, ['-L'])).join('\n')
  assert.match(listing, new RegExp(`${cluster.nodes} brokers`))
  assert.match(listing, new RegExp(`topic "${topic}" with 1 partitions`))
  const [record] = await cluster.records(topic, 0)
  assert.deepEqual(await kcat(cluster, ['-Q', '-t', `${topic}:0:${record!.timestamp}`]), [`${topic} [0] offset 0`])
  assert.deepEqual(await kcat(cluster, ['-Q', '-t', `${topic}:0:-1`]), [`${topic} [0] offset 2`])
})

withKcat(
  'it authenticates with PLAIN and SCRAM',
  async () => {
    await using broker = await DevBroker.start({ topics: ['orders'], sasl: { users: { alice: 'alice-secret' } } })
    for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
      const sasl = ['security.protocol=SASL_PLAINTEXT', `sasl.mechanisms=${mechanism}`, 'sasl.username=alice', 'sasl.password=alice-secret']
      await kcat(broker, ['-P', '-t', 'orders', ...sasl.flatMap((option) => ['-X', option])], mechanism)
    }
    assert.deepEqual(values(await broker.records('orders')), ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])
  },
  { devBroker: 'a cluster of its own, with users' },
)
