import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { loadConfig } from 'sluice'
import { interceptorsByName } from 'sluice/interceptors'
import { parse } from 'yaml'
import { commonOptionNames, type InterceptorOptionRow, observeOptionRows } from '../interceptor/interceptor-options.ts'

const schema = JSON.parse(readFileSync(new URL('../../sluice.config.schema.json', import.meta.url), 'utf8')) as {
  readonly $defs: Readonly<
    Record<string, { readonly description?: string; readonly properties: Readonly<Record<string, { description?: string }>> }>
  >
}
const validate = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema)
const page = readFileSync(new URL('../../../../docs/config.md', import.meta.url), 'utf8')

function problems(config: unknown): string[] {
  validate(config)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

test('config schema - every ready-made interceptor is in it, with the options that its factory checks and what they mean', () => {
  for (const [name, factory] of interceptorsByName) {
    const described = schema.$defs[name]
    const how = 'run: node tools/gen-config-schema.ts'
    assert.ok(described !== undefined, `${name} is not in the schema; ${how}`)
    let rows: Readonly<Record<string, InterceptorOptionRow<unknown>>> | undefined
    try {
      observeOptionRows(
        (seen) => (rows ??= seen),
        () => factory({}),
      )
    } catch {
      // An option that must be given is not; its row was seen all the same.
    }
    assert.ok(rows !== undefined, `${name} does not check its options with interceptorOptions`)
    const known = Object.keys(rows)
    const own = Object.keys(described.properties).filter(
      (option) => option !== 'enabled' && !(commonOptionNames as readonly string[]).includes(option),
    )
    assert.deepEqual(
      own.filter((option) => !known.includes(option)),
      [],
      `${name} does not know these; ${how}`,
    )
    for (const option of known.filter((option) => !own.includes(option))) {
      const example = rows[option]!.default
      assert.ok(!['string', 'number', 'boolean'].includes(typeof example), `option ${option} of ${name} is not in the schema; ${how}`)
    }
    assert.ok(described.description, `the factory of ${name} has no doc comment`)
    for (const option of own) assert.ok(described.properties[option]?.description, `option ${option} of ${name} has no doc comment`)
  }
})

test('config schema - it takes what loadConfig takes, and refuses the same mistakes', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-schema-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'sluice.config.json')
  const takes = async (config: unknown): Promise<boolean> => {
    writeFileSync(file, JSON.stringify(config))
    return loadConfig(file, { env: { N: '5' } }).then(
      () => true,
      () => false,
    )
  }
  const right: readonly unknown[] = [
    {},
    { $schema: 'x', 'x-common': [1], producer: null, consumer: { options: null, interceptors: null } },
    {
      producer: {
        options: {
          lingerMs: 5,
          acks: 'all',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: what a file holds
          retries: '${N}',
          bootstrapServers: ['a:1'],
          sasl: { mechanism: 'PLAIN', username: 'u', password: 'p' },
        },
      },
    },
    {
      producer: {
        interceptors: [
          'timestamp',
          'timestamp-header',
          { 'static-header': { key: 'a', topics: ['x'], onError: 'fail' } },
          { 'host-header': null },
        ],
      },
    },
    {
      consumer: {
        interceptors: [{ regex_filter: { regex: 'x', disableAfter: { failures: 3 }, when: { not: 'a', header: { key: 'k' } } } }],
      },
    },
  ]
  const wrong: readonly unknown[] = [
    [],
    { producr: {} },
    { producer: { lingerMs: 5 } },
    { producer: { options: { lingrMs: 5 } } },
    { producer: { options: { lingerMs: '5' } } },
    { producer: { options: { acks: 2 } } },
    { producer: { options: { groupId: 'g' } } },
    { producer: { options: { keySerializer: {} } } },
    { producer: { interceptors: 'timestamp' } },
    { producer: { interceptors: [5] } },
    { producer: { interceptors: [{ 'static-header': {}, 'host-header': {} }] } },
    { producer: { interceptors: [{ 'static-header': { ky: 'a' } }] } },
    { producer: { interceptors: [{ 'static-header': { key: 5 } }] } },
    { producer: { interceptors: [{ 'static-header': { onError: 'explode' } }] } },
    { producer: { interceptors: [{ 'static-header': { when: { nto: 'a' } } }] } },
  ]
  for (const config of right) assert.deepEqual([problems(config), await takes(config)], [[], true], JSON.stringify(config))
  for (const config of wrong) assert.deepEqual([problems(config).length > 0, await takes(config)], [true, false], JSON.stringify(config))
})

test('config schema - it takes every configuration that docs/config.md shows', () => {
  const shown = [...page.matchAll(/^```(yaml|json)\n([\s\S]*?)^```/gm)]
  assert.ok(shown.length >= 3)
  for (const [, kind, text] of shown) {
    const config: unknown = kind === 'json' ? JSON.parse(text!) : parse(text!, { merge: true })
    assert.deepEqual(problems(config), [], text)
  }
})
