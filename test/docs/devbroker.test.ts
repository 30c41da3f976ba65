import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DevBroker } from '@sluice/devbroker'
import { apiRows } from '@sluice/protocol'
import { apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import { WireClient } from '../../packages/devbroker/src/testing/wire-client.ts'

const page = readFileSync(new URL('../../docs/devbroker.md', import.meta.url), 'utf8')

/** The rows of the table under a heading, without its first two. */
function tableOf(heading: string): string[][] {
  const section = page.slice(page.indexOf(`## ${heading}`)).split('\n## ')[0]!
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

test('docs - the APIs of the development broker are the ones that it announces', async () => {
  await using broker = await DevBroker.start()
  await using client = await WireClient.connect(broker.nodes[0]!.host, broker.nodes[0]!.port)
  const { apiKeys } = await client.send(apiVersionsApi, 2, {})
  const announced = apiKeys.map(({ apiKey, minVersion, maxVersion }) => {
    const name = apiRows.find(({ key }) => key === apiKey)!.name
    return [String(apiKey), name, `${name === 'Produce' ? 3 : minVersion} to ${maxVersion}`]
  })
  assert.deepEqual(tableOf('APIs'), announced)
})

test('docs - every option of the development broker has its row, and no other', () => {
  const source = readFileSync(new URL('../../packages/devbroker/src/options.ts', import.meta.url), 'utf8')
  const declared = /interface DevBrokerOptions \{([\s\S]*?)\n\}/.exec(source)![1]!
  const names = [...declared.matchAll(/readonly (\w+)\?:/g)].map((match) => `\`${match[1]}\``)
  assert.deepEqual(
    tableOf('Options of `DevBroker.start`')
      .map(([name]) => name)
      .sort(),
    names.sort(),
  )
})
