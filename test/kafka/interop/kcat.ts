import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { fromBase64, type ReadRecord } from './interop-record.ts'

const isInstalled = spawnSync('kcat', ['-V']).error === undefined
const isRequired = process.env.CI !== undefined || process.env.SLUICE_REQUIRE_KCAT !== undefined
const NOT_INSTALLED = 'KCAT IS NOT INSTALLED: THIS TEST DID NOT RUN (Debian: apt-get install kcat)'
const RUN_TIMEOUT_MS = 60_000

/** A test that says so loudly when there is no kcat: a failure where it must be there, else a skip with the reason. */
export function testWithKcat(name: string, body: () => Promise<void>): void {
  test(name, async (context: TestContext) => {
    if (isInstalled) return body()
    context.diagnostic(NOT_INSTALLED)
    if (isRequired) assert.fail(NOT_INSTALLED)
    context.skip(NOT_INSTALLED)
  })
}

/** Runs kcat to its end and returns what it wrote to standard output. */
export async function kcat(bootstrapServers: string, args: readonly string[], input: Buffer | string = ''): Promise<Buffer> {
  const child = spawn('kcat', ['-b', bootstrapServers, ...args], { stdio: 'pipe', timeout: RUN_TIMEOUT_MS })
  const output: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout.on('data', (chunk) => output.push(chunk))
  child.stderr.on('data', (chunk) => errors.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  assert.equal(code, 0, `kcat ${args.join(' ')} ended with ${code}: ${Buffer.concat(errors)}`)
  return Buffer.concat(output)
}

/** Every field of a record that kcat can print; the lengths are -1 for null. */
const FORMAT = '%t %p %o %T %K %S\n%k\n%s\n%h\n'

/** Has kcat read a partition from its first record to its end, and compares what it printed, byte by byte. */
export async function assertKcatReads(
  bootstrapServers: string,
  topic: string,
  partition: number,
  expected: readonly ReadRecord[],
): Promise<void> {
  const output = await kcat(bootstrapServers, [
    ...['-C', '-t', topic, '-p', String(partition), '-o', 'beginning', '-e', '-q'],
    ...['-X', 'fetch.wait.max.ms=50', '-f', FORMAT],
  ])
  let at = 0
  for (const record of expected) {
    const printed = asPrinted(topic, record)
    const actual = output.subarray(at, at + printed.length)
    if (!actual.equals(printed)) {
      assert.equal(actual.toString('latin1').slice(0, 2000), printed.toString('latin1').slice(0, 2000), `record ${record.offset}`)
      assert.fail(`record ${record.offset} of partition ${partition} differs after its first 2000 bytes`)
    }
    at += printed.length
  }
  assert.equal(output.length, at, 'kcat printed more than was sent')
}

function asPrinted(topic: string, { partition, offset, timestamp, key, value, headers }: ReadRecord): Buffer {
  const keyBytes = fromBase64(key)
  const valueBytes = fromBase64(value)
  const newline = Buffer.from('\n')
  return Buffer.concat([
    Buffer.from(`${topic} ${partition} ${offset} ${timestamp} ${keyBytes?.length ?? -1} ${valueBytes?.length ?? -1}\n`),
    ...[keyBytes ?? Buffer.alloc(0), newline, valueBytes ?? Buffer.alloc(0), newline],
    Buffer.from(headers.map(([name, bytes]) => `${name}=${fromBase64(bytes)?.toString() ?? 'NULL'}`).join(',')),
    newline,
  ])
}
