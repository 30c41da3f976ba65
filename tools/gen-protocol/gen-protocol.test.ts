import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { kafkaErrors } from '@sluice/protocol'
import { generate } from './generate.ts'
import { parseDefinition, parseVersions } from './parse-definitions.ts'
import { selectedApiKeys, selectedDataMessages } from './select.ts'
import { writeDefinitions } from './write-definitions.ts'

const protocol = join(import.meta.dirname, '../../packages/protocol')

describe('gen:protocol - the checked-in files are what the facts give', () => {
  it('no generated file is stale, missing or left over', () => {
    const generated = generate(filesOf(join(protocol, 'definitions')))
    const present = filesOf(join(protocol, 'src/generated'))
    assert.deepEqual([...present.keys()].sort(), [...generated.keys()].sort())
    for (const [name, text] of generated) assert.ok(present.get(name) === text, `${name} is stale: npm run gen:protocol -- --offline`)
  })

  it("the error table has Kafka's codes, names and flags", () => {
    const facts = readFileSync(join(protocol, 'definitions/errors.facts'), 'utf8').trimEnd().split('\n')
    const rows = [...kafkaErrors.values()].map(({ code, name, retriable, refreshMetadata }) => {
      return `${code} ${name}${retriable ? ' retriable' : ''}${refreshMetadata ? ' refreshMetadata' : ''}`
    })
    assert.deepEqual(rows, facts)
    for (const [code, row] of kafkaErrors)
      assert.ok(row.code === code && /^[^A-Z].*[^.]$|^SASL/.test(row.message), `${row.name}: ${row.message}`)
  })
})

describe('gen:protocol - facts', () => {
  it('keeps what a codec needs of a definition, and no comment', () => {
    const request = `// A licence.
      { "apiKey": 0, "type": "request", "name": "ThingRequest", "validVersions": "1-3", "flexibleVersions": "2+",
        // About the fields.
        "fields": [
          { "name": "Id", "type": "int32", "versions": "1+", "default": "-1", "ignorable": true, "about": "The id." },
          { "name": "Parts", "type": "[]Part", "versions": "2+", "nullableVersions": "3+", "fields": [
            { "name": "Name", "type": "string", "versions": "2+", "tag": 0, "taggedVersions": "2+" } ] } ] }`
    const others = selectedApiKeys.flatMap((apiKey) =>
      ['request', 'response'].map((type) => ({ ...EMPTY, apiKey, type, name: `Api${apiKey}` })),
    )
    const data = selectedDataMessages.map((name) => ({ ...EMPTY, type: 'data', name }))
    const rest = [...others, ...data].map((message) => JSON.stringify(message))
    const text = writeDefinitions('1.2.3', [request, ...rest]).get('thing.def')!
    assert.match(text, /kafka-clients 1\.2\.3/)
    assert.match(
      text,
      /api 0 Thing\nrequest ThingRequest 1-3 flexible 2\+\n {2}Id int32 1\+ default -1 ignorable\n {2}Parts \[\]Part 2\+ nullable 3\+\n/,
    )
    assert.match(text, / {4}Name string 2\+ tag 0 2\+\n/)
    assert.doesNotMatch(text, /licence|About|The id/)
  })

  it('an unstable latest version is left out', () => {
    const text =
      'api 7 Thing\nrequest ThingRequest 0-2 flexible none latestUnstable\n  Old int8 0+\n  New int8 2+\nresponse ThingResponse 0-2 flexible none\n'
    const { messages } = parseDefinition('thing', text)
    assert.deepEqual(
      messages.map((message) => message.versions),
      [
        { from: 0, to: 1 },
        { from: 0, to: 1 },
      ],
    )
    assert.deepEqual(
      messages[0]!.root.fields.map((field) => field.name),
      ['old'],
    )
  })

  it('reads ranges of versions', () => {
    assert.deepEqual(parseVersions('3'), { from: 3, to: 3 })
    assert.deepEqual(parseVersions('3+'), { from: 3, to: Number.POSITIVE_INFINITY })
    assert.deepEqual(parseVersions('0-12'), { from: 0, to: 12 })
    assert.equal(parseVersions('none'), null)
    assert.throws(() => parseVersions('3-'), /not a range/)
  })
})

const EMPTY = { validVersions: '0', flexibleVersions: 'none', fields: [] }

function filesOf(directory: string): Map<string, string> {
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]))
}
