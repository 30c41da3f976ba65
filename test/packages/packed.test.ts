import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { buildPackages } from '../../tools/build.ts'
import { root } from '../../tools/source-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-packed-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A user's program: every entry that can be imported, with types that only the declarations can give. */
const consumer = `
import { DevBroker } from '@sluice/devbroker'
import { crc32c } from '@sluice/protocol'
import { produceApi } from '@sluice/protocol/messages/produce'
import { jsonDeserializer, jsonSerializer, KafkaConsumer, KafkaProducer, type RecordMetadata, stringDeserializer, stringSerializer } from 'sluice'
import { staticHeader } from 'sluice/interceptors'
import { recordOf } from 'sluice/testing'

const broker = await DevBroker.start({ topics: { orders: 1 } })
const { bootstrapServers } = broker
const producer = new KafkaProducer(
  { bootstrapServers, keySerializer: stringSerializer, valueSerializer: jsonSerializer<{ total: number }>() },
  [staticHeader({ key: 'from', value: 'a tarball' })],
)
const metadata: RecordMetadata = await producer.send({ topic: 'orders', key: 'o-1', value: { total: 12 } })
await producer.close()

// @ts-expect-error: total is a number
if (metadata.offset < 0) await producer.send({ topic: 'orders', key: 'o-1', value: { total: 'twelve' } })

const consumer = new KafkaConsumer({
  bootstrapServers,
  groupId: 'billing',
  autoOffsetReset: 'earliest',
  keyDeserializer: stringDeserializer,
  valueDeserializer: jsonDeserializer<{ total: number }>(),
})
consumer.subscribe(['orders'])
for await (const record of consumer) {
  const total: number | undefined = record.value?.total
  const seen = [record.key, total, record.headers.getString('from'), metadata.offset, recordOf({ topic: 't', value: 1 }).value, crc32c(Buffer.from('123456789')), produceApi.key]
  console.log(JSON.stringify(seen))
  break
}
await consumer.close()
await broker.close()
`

function run(command: string, args: readonly string[]): string {
  const env = { ...process.env, npm_config_update_notifier: 'false' }
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env, timeout: 60_000 })
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error?.message ?? `${stdout}${stderr}`}`)
  return stdout
}

test('packages - packed and installed without a registry, they type-check, produce and consume; tests stay at home', () => {
  const built = buildPackages(join(folder, 'built'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', ...built.map(({ tarball }) => tarball)])

  for (const { name, tarball } of built) {
    const files = run('tar', ['-tf', tarball]).trim().split('\n')
    const odd = files.filter(
      (file) =>
        !/\.(js|d\.ts)$|^package\/(package\.json|sluice\.config\.schema\.json|LICENSE|NOTICE|README\.md|page\/[\w./-]+\.(html|css|svg))$/.test(
          file,
        ),
    )
    assert.deepEqual([...odd, ...files.filter((file) => file.includes('.test.'))], [], `${name} has files that nobody needs`)
    if (name === '@sluice/monitor') assert.ok(files.includes('package/page/index.html'), 'the web page is part of it')
  }

  mkdirSync(join(folder, 'src'))
  writeFileSync(join(folder, 'src', 'consumer.ts'), consumer)
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    // The declarations themselves are checked too.
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
    rootDir: 'src',
    outDir: 'out',
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }))
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder])

  const printed = run(process.execPath, [join('out', 'consumer.js')])
  assert.deepEqual(JSON.parse(printed), ['o-1', 12, 'a tarball', 0, 1, 0xe3069283, 0])
  assert.match(run(process.execPath, [join('node_modules', '@sluice', 'cli', 'sluice.js'), '--help']), /Usage: sluice/)
})
