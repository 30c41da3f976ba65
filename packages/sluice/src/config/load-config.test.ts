import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isKafkaError, KafkaConsumer, KafkaProducer, loadConfig, silentLogger } from 'sluice'
import { interceptorsByName } from 'sluice/interceptors'

/** A folder with these files, to load a configuration in. */
function folderWith(context: TestContext, files: Readonly<Record<string, string>>): string {
  // Below the repository, where TypeScript is stripped and `sluice` can be imported.
  const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'))
  context.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** The message of the error that loading ends with. */
async function refusalOf(cwd: string, env: Record<string, string> = {}, file?: string): Promise<string> {
  try {
    await loadConfig(file, { cwd, env })
  } catch (error) {
    assert.ok(isKafkaError(error) && error.code === 'CONFIG', String(error))
    return error.message.replaceAll(`${cwd}/`, '')
  }
  throw new assert.AssertionError({ message: 'the configuration was taken' })
}

const MASK = `export default function maskCard({ fields = [] } = {}) {
  return { name: 'mask-card', fields, onSend: (record) => record }
}
export class Upper { name = 'upper'; onSend(record) { return record } }
export const plain = { name: 'plain', onSend: (record) => record }
`

const YAML = `# yaml-language-server: $schema=./node_modules/sluice/sluice.config.schema.json
x-common: &common
  bootstrapServers: "\${KAFKA_BROKERS:-localhost:9092}"
  requestTimeoutMs: \${TIMEOUT}
producer:
  options: { <<: *common, lingerMs: 20, clientId: 'costs $\${5}' }
  interceptors:
    - timestamp-header
    - regex_filter: { regex: '^\\[.*\\] \\[error\\]', topics: ['web.*'], excludeEvents: "\${EXCLUDE}" }
    - ./interceptors/mask-card.mjs
    - ./interceptors/mask-card.mjs: { fields: [card], topics: orders, onError: fail }
    - ./interceptors/mask-card.mjs#Upper
    - ./interceptors/mask-card.mjs#plain: { name: other }
    - a-package#make
    - host-header: { enabled: false }
consumer:
  options:
    <<: *common
    groupId: billing
  interceptors: [staticHeader: { key: region, value: "\${REGION}" }]
`

const files = {
  'sluice.config.yaml': YAML,
  'interceptors/mask-card.mjs': MASK,
  'node_modules/a-package/package.json': '{ "name": "a-package", "exports": { "import": "./index.mjs" } }',
  'node_modules/a-package/index.mjs': 'export const make = () => ({ name: "of-a-package", onSend: (record) => record })',
}
const env = { TIMEOUT: '1234', EXCLUDE: 'true', REGION: 'eu-1' }

test('config - a YAML file gives options and interceptors, by name, module and package, with variables put in', async (context) => {
  const { producer, consumer } = await loadConfig(undefined, { cwd: folderWith(context, files), env })
  assert.deepEqual(producer.options as object, {
    lingerMs: 20,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an escaped one
    clientId: 'costs ${5}',
    bootstrapServers: ['localhost:9092'],
    requestTimeoutMs: 1234,
  })
  const { interceptors } = producer
  assert.deepEqual(
    interceptors.map(({ name, topics, onError }) => [name, topics, onError]),
    [
      ['timestamp-header', undefined, undefined],
      ['regex-filter', ['web.*'], undefined],
      ['mask-card', undefined, undefined],
      ['mask-card', 'orders', 'fail'],
      ['upper', undefined, undefined],
      ['other', undefined, undefined],
      ['of-a-package', undefined, undefined],
    ],
  )
  assert.deepEqual([consumer.options.groupId, consumer.interceptors.map(({ name }) => name)], ['billing', ['static-header']])
  await using client = new KafkaProducer({ ...producer.options, logger: silentLogger }, producer.interceptors)
  assert.equal(client.interceptors.list().length, 7)
  await using reader = new KafkaConsumer({ ...consumer.options, logger: silentLogger }, consumer.interceptors)
  assert.equal(reader.interceptors.list().length, 1)
})

test('config - every client gets interceptors of its own', async (context) => {
  const { producer } = await loadConfig(undefined, { cwd: folderWith(context, files), env })
  const [first, second] = [producer.interceptors, producer.interceptors]
  for (const [index, interceptor] of first.entries()) assert.notEqual(interceptor, second[index])
})

test('config - JSON says the same as YAML, and a program may hold instances and factories too', async (context) => {
  const folder = folderWith(context, {
    'a.json': JSON.stringify({
      $schema: 'x',
      producer: { options: { acks: 1 }, interceptors: ['timestamp', { 'static-header': { key: 'a' } }] },
    }),
    'b.mts': `export default async (): Promise<object> => ({
      producer: { options: { acks: 1 as const }, interceptors: ['timestamp', { name: 'instance', onSend: (record: object) => record }, () => ({ name: 'made', onSend: (record: object) => record }), { static: { key: 'a' } }] },
    })`,
  })
  const json = await loadConfig('a.json', { cwd: folder })
  assert.deepEqual(
    [json.producer.options.acks, json.producer.interceptors.map(({ name }) => name)],
    [1, ['timestamp-header', 'static-header']],
  )
  const { producer } = await loadConfig('b.mts', { cwd: folder })
  const names = ['timestamp-header', 'instance', 'made', 'static-header']
  assert.deepEqual([producer.options.acks, producer.interceptors.map(({ name }) => name)], [1, names])
  const [a, b] = [producer.interceptors, producer.interceptors]
  assert.deepEqual(
    a.map((one, index) => one === b[index]),
    [false, true, false, false],
  )
})

test('config - every ready-made interceptor can be named, alone or with a mapping of options', async (context) => {
  for (const [name, factory] of interceptorsByName) {
    let needsOptions = false
    try {
      factory()
    } catch {
      needsOptions = true
    }
    const folder = folderWith(context, { 'sluice.config.json': JSON.stringify({ producer: { interceptors: [{ [name]: {} }] } }) })
    if (needsOptions) assert.match(await refusalOf(folder), new RegExp(`sluice\\.config\\.json:1:\\d+: ${name}: `))
    else {
      // Some work on one side only, which is told.
      const loaded = await loadConfig(undefined, { cwd: folder }).catch((error: Error) => error)
      if (loaded instanceof Error) assert.match(loaded.message, /has no hook that a producer calls/)
      else assert.equal(loaded.producer.interceptors[0]?.name, name)
    }
  }
})

const WRONG = `producr: 1
producer:
  lingerMs: 5
  options: { lingrMs: 20, acks: "\${MISSING}", requestTimeoutMs: s3cret, groupId: a, keySerializer: string, retries: "\${SECRET}" }
  interceptors:
    - timestmp-header
    - regex-filter: { rgex: s3cret, excludeEvents: s3cret, onError: s3cret, topics: '/s3cret(/' }
    - ./interceptors/mask-crad.mjs
    - regex-filter:
      regex: s3cret
    - not-installed
    - 5
    - "\${SECRET}"
    - ./interceptors/mask-card.mjs#plain: { fields: s3cret }
    - ./interceptors/broken.mjs
    - ./interceptors/throws.mjs
    - ./interceptors/empty.mjs
    - ./interceptors/mask-card.mjs: s3cret
    - static-header: { key: '\${', value: 5 }
    - host-header: { enabled: s3cret }
consumer:
  - s3cret
`

test('config - all mistakes are told at once, with file, line, column and the near name, and without any value', async (context) => {
  const folder = folderWith(context, {
    'sluice.config.yaml': WRONG,
    'interceptors/mask-card.mjs': MASK,
    'interceptors/broken.mjs': 'export default { "s3cret" "s3cret" }',
    'interceptors/throws.mjs': 'throw new Error("no luck")',
    'interceptors/empty.mjs': 'export const answer = 42',
  })
  const message = await refusalOf(folder, { SECRET: 'hunter-2' })
  assert.doesNotMatch(message, /s3cret|hunter/)
  const [head, ...lines] = message.split('\n')
  const expected = [
    ['1:1', 'unknown key "producr"; did you mean "producer"?'],
    ['3:3', 'option "lingerMs" belongs below producer.options'],
    ['4:14', 'unknown option "lingrMs"; did you mean "lingerMs"?'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it speaks of them
    ['4:33', 'environment variable MISSING is not set; a default is written "${MISSING:-default}"'],
    ['4:47', 'requestTimeoutMs must be a whole number from 1 to 2147483647, not string'],
    ['4:73', '"groupId" is an option of a consumer, not of a producer'],
    ['4:85', 'keySerializer must be an object with the method serialize, not string; give it in code'],
    ['4:108', 'retries must be a whole number from 0 to 2147483647, not string'],
    ['6:7', 'unknown interceptor "timestmp-header"; did you mean "timestamp-header"?'],
    ['7:23', 'regex-filter: unknown option "rgex"; did you mean "regex"?'],
    ['7:37', 'regex-filter: excludeEvents must be true or false, not string'],
    ['7:60', 'regex-filter: onError must be "continue", "fail" or "deadLetter"'],
    ['7:77', 'regex-filter: topics Invalid regular expression: …: Unterminated group'],
    ['8:7', 'module "./interceptors/mask-crad.mjs" not found: there is no such file; did you mean "mask-card.mjs"?'],
    [
      '9:7',
      'an interceptor with options has one key, its name; options stand below the name, further to the right or in { } (here are regex-filter, regex)',
    ],
    ['11:7', 'unknown interceptor "not-installed"; it is no ready-made one, and no package of that name is installed'],
    ['12:7', 'an interceptor must be a name, a module, or one of these with options below it, not number'],
    ['13:7', 'unknown interceptor "…"; it is no ready-made one, and no package of that name is installed'],
    [
      '14:45',
      './interceptors/mask-card.mjs#plain: "fields" is an option of its own, which an object that is exported cannot take; export a factory (options) => interceptor',
    ],
    ['15:7', 'module "./interceptors/broken.mjs" cannot be loaded: a syntax error; "node --check" tells it'],
    ['16:7', 'module "./interceptors/throws.mjs" cannot be loaded: no luck (at interceptors/throws.mjs:1:7)'],
    [
      '17:7',
      'module "./interceptors/empty.mjs" exports no interceptor; export a factory, a class or an interceptor as default, or name one: "./interceptors/empty.mjs#name"; it exports answer',
    ],
    ['18:37', './interceptors/mask-card.mjs: its options must be a mapping, not string'],
    [
      '19:29',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it speaks of them
      '"${" must be followed by a variable\'s name and "}", or a name, ":-", a default without "${", and "}"; a plain "${" is written "$${"',
    ],
    ['19:35', 'static-header: value must be a string, not number'],
    ['20:22', 'host-header: enabled must be true or false, not string'],
    ['22:3', 'consumer must be a mapping with the keys options and interceptors, not a list'],
  ]
  assert.equal(head, `sluice.config.yaml has ${expected.length} problems:`)
  assert.deepEqual(
    lines,
    expected.map(([at, text]) => `  - sluice.config.yaml:${at}: ${text}`),
  )
})

test('config - text that is no YAML is told by line and column, in words that quote nothing of it', async (context) => {
  const cases = [
    ['producer:\n  interceptors:\n    - s3cret: b: c\n', /:3:\d+: YAML: a mapping cannot stand here/],
    ['producer:\n\tinterceptors: s3cret', /:2:1: YAML: .*tabs|:2:\d+: YAML/],
    ['a: "s3cret', /:1:\d+: YAML: a character is missing/],
    ['a: *s3cret', /:1:4: YAML: this alias/],
    ['producer: 1\nproducer: 2', /:2:1: YAML: this key comes twice/],
    ['a: [1, 2\nb: s3cret', /YAML: /],
    ['a: &a [*a]', /:1:\d+: .*into themselves/],
    ['a: 1\n---\nb: s3cret', /YAML: one document is enough/],
    ['a: !s3cret x', /YAML: this tag/],
    ['- s3cret', /:1:1: the file must hold a mapping/],
    ['producer: { <<: 5 }', /"<<" takes a mapping/],
  ] as const
  for (const [text, pattern] of cases) {
    const message = await refusalOf(folderWith(context, { 'sluice.config.yml': text }))
    assert.match(message, pattern)
    assert.doesNotMatch(message, /s3cret/)
  }
  const empty = await loadConfig(undefined, { cwd: folderWith(context, { 'sluice.config.yml': '# nothing yet\n' }) })
  assert.deepEqual([empty.producer.interceptors, empty.consumer.options], [[], {}])
})

test('config - aliases that multiply are refused before they fill the memory', async (context) => {
  const levels = Array.from(
    { length: 30 },
    (_, level) =>
      `x-${level}: &l${level} [${
        level === 0
          ? '1'
          : Array(9)
              .fill(`*l${level - 1}`)
              .join(', ')
      }]`,
  )
  assert.match(await refusalOf(folderWith(context, { 'sluice.config.yaml': levels.join('\n') })), /aliases \(\*\) lead to too many values/)
})

test('config - a program with mistakes is told by the path to them', async (context) => {
  const folder = folderWith(context, {
    'a.ts':
      'export default { producer: { options: { lingerMs: "s3cret" }, interceptors: [5, "hst", { static: { ky: "s3cret" } }, () => 5] } }',
    'b.ts': 'export default { "s3cret" "s3cret" }',
    'c.mjs': 'export const config = {}',
    'd.mjs': 'export default 5',
    'e.toml': '',
  })
  assert.deepEqual((await refusalOf(folder, {}, 'a.ts')).split('\n').slice(1), [
    '  - a.ts: producer.options.lingerMs: lingerMs must be a whole number of at least 0, not string',
    '  - a.ts: producer.interceptors[0]: an interceptor must be a name, a module, or one of these with options below it, not number',
    '  - a.ts: producer.interceptors[1]: unknown interceptor "hst"; did you mean "host"?',
    '  - a.ts: producer.interceptors[2].static.ky: static: unknown option "ky"; did you mean "key"?',
    '  - a.ts: producer.interceptors[3]: the factory: gives no interceptor: it must be an object with a name and hooks, not number',
  ])
  const syntax = await refusalOf(folder, {}, 'b.ts')
  assert.match(syntax, /b\.ts.*a syntax error/)
  assert.doesNotMatch(syntax, /s3cret/)
  assert.match(await refusalOf(folder, {}, 'c.mjs'), /c\.mjs: exports nothing as default/)
  assert.match(await refusalOf(folder, {}, 'd.mjs'), /d\.mjs: the file must hold a mapping .* not number/)
  assert.match(await refusalOf(folder, {}, 'e.toml'), /is called \.yaml/)
})

test('config - the file is the one given, that of SLUICE_CONFIG, or the only sluice.config of the folder', async (context) => {
  const folder = folderWith(context, { 'sluice.config.json': '{}', 'other.json': '{}', 'empty/x': '' })
  assert.equal((await loadConfig(undefined, { cwd: folder, env: {} })).file, join(folder, 'sluice.config.json'))
  assert.equal((await loadConfig(undefined, { cwd: folder, env: { SLUICE_CONFIG: 'other.json' } })).file, join(folder, 'other.json'))
  assert.equal((await loadConfig('other.json', { cwd: folder, env: { SLUICE_CONFIG: 'x.json' } })).file, join(folder, 'other.json'))
  assert.match(await refusalOf(folder, { SLUICE_CONFIG: 'x.json' }), /x\.json" \(SLUICE_CONFIG\) does not exist/)
  assert.match(await refusalOf(join(folder, 'empty')), /no sluice\.config\.\{yaml,yml,json,js,mjs,ts,mts\} in /)
  writeFileSync(join(folder, 'sluice.config.yaml'), '')
  assert.match(await refusalOf(folder), /several configuration files: sluice\.config\.yaml, sluice\.config\.json/)
  await assert.rejects(loadConfig(undefined, { cdw: folder } as object), /unknown option "cdw"; did you mean "cwd"/)
})

test('config - importing sluice loads neither yaml nor the loader; JSON needs no yaml, and YAML without it says what to install', (context) => {
  const folder = folderWith(context, { 'a.json': '{"producer": {"interceptors": ["timestamp"]}}', 'a.yaml': 'producer:' })
  const program = `
    import { registerHooks } from 'node:module'
    const seen = []
    registerHooks({ resolve(specifier, context, next) {
      seen.push(specifier)
      if (specifier === 'yaml') throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(specifier, context)
    } })
    const { loadConfig } = await import('sluice')
    const early = seen.filter((one) => /yaml|open-config|sluice.interceptors/.test(one))
    const { producer } = await loadConfig('a.json', { cwd: ${JSON.stringify(folder)} })
    const error = await loadConfig('a.yaml', { cwd: ${JSON.stringify(folder)} }).catch((error) => error)
    console.log(JSON.stringify([early, producer.interceptors.length, error.code, error.message]))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  const [early, count, code, message] = JSON.parse(stdout || JSON.stringify([stderr])) as [string[], number, string, string]
  assert.deepEqual([early, count, code], [[], 1, 'CONFIG'])
  assert.match(message, /a\.yaml needs the package "yaml".*npm install yaml/)
})

test('config - a file that is too large or nested too deep is refused, and not read for minutes', async (context) => {
  const large = `{"x-a": "${'a'.repeat(2 ** 20)}"}`
  assert.match(await refusalOf(folderWith(context, { 'sluice.config.json': large })), /sluice\.config\.json is larger than 1 MiB/)
  const deep = `x-a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`
  assert.match(await refusalOf(folderWith(context, { 'sluice.config.yaml': deep })), /:1:\d+: YAML: values are nested too deep/)
  const almost = `{"x-a": "${'a'.repeat(2 ** 20 - 20)}"}`
  await loadConfig(undefined, { cwd: folderWith(context, { 'sluice.config.json': almost }) })
})
