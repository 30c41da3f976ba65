import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type MonitorCommand, parseMonitorOptions } from './options.ts'

async function parsed(args: readonly string[], env: Record<string, string> = {}): Promise<MonitorCommand> {
  const command = await parseMonitorOptions(args, env)
  assert.notEqual(command, 'help')
  return command as MonitorCommand
}

test('monitor options - defaults need no flag, and keep what is reported in a file', async () => {
  assert.deepEqual(await parsed([]), { doctor: false, options: { share: false, store: 'sluice-monitor.db', port: 9470 } })
  assert.equal(await parseMonitorOptions(['--help'], {}), 'help')
})

test('monitor options - times, sizes and addresses are read as written', async () => {
  const { options } = await parsed([
    ...['--retention', '30m,24h,7d', '--max-size', '500MB', '--host', '0.0.0.0', '--port', '0'],
    ...['--webhook', 'https://hook.example/x', '--otlp', 'http://localhost:4318', '--topic', 'reports'],
  ])
  assert.deepEqual(options, {
    topic: 'reports',
    share: false,
    store: 'sluice-monitor.db',
    retention: { seconds10Ms: 1_800_000, minute1Ms: 86_400_000, minute15Ms: 604_800_000, maxBytes: 500e6 },
    port: 0,
    host: '0.0.0.0',
    webhook: { url: 'https://hook.example/x' },
    otlp: { url: 'http://localhost:4318' },
  })
})

test('monitor options - the token may come from the environment, where other users do not see it', async () => {
  assert.equal((await parsed([], { SLUICE_MONITOR_TOKEN: 'from-the-env' })).options.token, 'from-the-env')
  assert.equal((await parsed(['--token', 'given'], { SLUICE_MONITOR_TOKEN: 'from-the-env' })).options.token, 'given')
})

test('monitor options - connection settings come from a properties file; what is about other things does not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-monitor-'))
  try {
    const file = join(folder, 'client.properties')
    writeFileSync(file, 'bootstrap.servers=a:9092\ngroup.id=mine\nauto.offset.reset=latest\nreconnect.backoff.ms=70\n')
    assert.deepEqual((await parsed(['--config', file])).options.kafka, { bootstrapServers: ['a:9092'], reconnectBackoffMs: 70 })
    const both = await parsed(['--config', file, '--bootstrap-servers', 'b:9092'])
    assert.deepEqual(both.options.kafka?.bootstrapServers, 'b:9092')
    writeFileSync(file, 'client.id=x\n')
    await assert.rejects(parsed(['--config', file]), /names no bootstrap servers/)
    const rules = join(folder, 'rules.json')
    writeFileSync(rules, '[{"name":"lost","metric":"missing","above":0}]')
    assert.deepEqual((await parsed(['--alerts', rules])).options.alerts, [{ name: 'lost', metric: 'missing', above: 0 }])
    for (const [text, message] of [
      ['{', /is not JSON/],
      ['{}', /must be a list/],
      ['[{"metric":"missing","above":0}]', /rule 1 .* has no name/],
      ['[{"name":"a","metric":"lost","above":0}]', /metric must be one of missing, /],
      ['[{"name":"a","metric":"missing"}]', /needs a number/],
    ] as const) {
      writeFileSync(rules, text)
      await assert.rejects(parsed(['--alerts', rules]), message)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('monitor options - a mistake names the flag', async () => {
  for (const [args, message] of [
    [['--port', 'many'], /^--port must be a number/],
    [['--port', '70000'], /^--port must be a number/],
    [['--retention', '1d'], /^--retention must be three times/],
    [['--retention', '7d,24h,90d'], /^--retention must be three times that grow/],
    [['--retention', '1,2,3'], /^--retention: "1" is no time/],
    [['--max-size', 'big'], /^--max-size must be a size/],
    [['--webhook', 'here'], /^--webhook must be an address/],
    [['--otlp', 'ftp://x'], /^--otlp must be an address/],
    [['--alerts', 'no/such.json'], /^--alerts: ENOENT/],
    [['--config', 'no/such.properties'], /^--config: ENOENT/],
    [['--bootstrap', 'x'], /--bootstrap/],
    [['docter'], /^"docter" is nothing/],
    [['doctor', 'twice'], /^"twice" is nothing/],
    [['doctor'], /^doctor needs --bootstrap-servers/],
  ] as const) {
    await assert.rejects(parsed(args), (error: Error) => message.test(error.message), args.join(' '))
  }
})
