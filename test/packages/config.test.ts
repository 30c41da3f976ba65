import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { bundlePackages } from '../../tools/build.ts'
import { root } from '../../tools/source-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-config-built-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const PROGRAM = `
import { fromProperties, KafkaProducer, loadConfig, RecordHeaders, silentLogger } from 'sluice'

const properties = fromProperties('bootstrap.servers=localhost:1\\ninterceptor.classes=static,./mask.ts#mask\\ninterceptor.static.key=k')
const first = new KafkaProducer({ ...properties, logger: silentLogger })
const config = await loadConfig()
const second = new KafkaProducer({ ...config.producer.options, logger: silentLogger }, config.producer.interceptors)
await using watch = await config.watch(second, { logger: silentLogger })
const told = await loadConfig('wrong.yaml').catch((error) => error.message)
console.log(JSON.stringify([...[first, second].map(({ interceptors }) => interceptors.list().map(({ name }) => name)), told, await watch.reload()]))
await first.close()
await second.close()
`

test('packages - what is built loads interceptors by name, for properties and for files, and has the schema with it', () => {
  const installed = (name: string): string => join(folder, 'node_modules', name)
  for (const { name, folder: built } of bundlePackages(join(folder, 'built'))) {
    mkdirSync(dirname(installed(name)), { recursive: true })
    renameSync(built, installed(name))
  }
  symlinkSync(join(root, 'node_modules', 'yaml'), installed('yaml'))
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)
  write('package.json', '{ "type": "module" }')
  write('mask.ts', 'export const mask = (): object => ({ name: "mask", onSend: (record: object) => record })')
  write(
    'sluice.config.yaml',
    'producer:\n  options: { bootstrapServers: "localhost:1" }\n  interceptors: [timestamp, ./mask.ts, host-header: { useIP: false }]\n',
  )
  write('wrong.yaml', 'producer: { interceptors: [{ static-header: { ky: x } }] }')
  write('program.js', PROGRAM)
  const { stdout, stderr } = spawnSync(process.execPath, ['program.js'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.deepEqual(JSON.parse(stdout || JSON.stringify(stderr)), [
    ['static-header', 'mask'],
    ['timestamp-header', 'mask', 'host-header'],
    'wrong.yaml:1:47: static-header: unknown option "ky"; did you mean "key"?',
    true,
  ])
  assert.ok(existsSync(join(installed('sluice'), 'sluice.config.schema.json')))
})
