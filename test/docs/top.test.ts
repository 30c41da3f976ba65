import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseTopOptions, topOptionNames } from '../../packages/cli/src/commands/top.ts'
import { frameOf } from '../../packages/monitor/src/top/frame.ts'
import { unicodeGlyphs } from '../../packages/monitor/src/top/glyphs.ts'
import { paint } from '../../packages/monitor/src/top/line.ts'
import { summaryLine } from '../../packages/monitor/src/top/plain-line.ts'
import { FakeCollector } from '../../packages/monitor/src/top/testing/fake-collector.ts'
import { seeded } from '../../packages/monitor/src/top/testing/seeded.ts'
import { initialView, keyHelp } from '../../packages/monitor/src/top/view-state.ts'

const url = new URL('../../docs/top.md', import.meta.url)
const sluice = fileURLToPath(new URL('../../packages/cli/src/sluice.ts', import.meta.url))

const snapshot = { ...seeded(), ranges: new Map(), partitions: new Map() }
const frame = frameOf({
  snapshot,
  state: initialView,
  source: 'http://127.0.0.1:9470',
  lost: null,
  width: 128,
  height: 12,
  glyphs: unicodeGlyphs,
  ascii: false,
  zone: 'utc',
}).lines.map((line) => paint(line, 128, { colour: false, ascii: false }))

/** What stands between two markers, as the code has it. */
const written: Readonly<Record<string, string>> = {
  frame: `\n\`\`\`text\n${frame.join('\n')}\n\`\`\`\n`,
  keys: `\n| key | does |\n|---|---|\n${keyHelp.map(([keys, does]) => `| \`${keys}\` | ${does} |`).join('\n')}\n`,
  line: `\n\`\`\`text\n${summaryLine(snapshot, { ascii: false, zone: 'utc' })}\n\`\`\`\n`,
}

test('docs - top.md shows the frame, the line and the keys that there are (SLUICE_RECORD=1 renews them)', () => {
  let text = readFileSync(url, 'utf8')
  for (const [name, shown] of Object.entries(written)) {
    const pattern = new RegExp(`(<!-- ${name} -->)\\n[^]*?(<!-- /${name} -->)`)
    assert.match(text, pattern)
    text = text.replace(pattern, (_all, begin: string, end: string) => `${begin}${shown}${end}`)
  }
  if (process.env.SLUICE_RECORD === '1') writeFileSync(url, text)
  assert.equal(readFileSync(url, 'utf8'), text)
})

test('docs - top.md has every option, and no other', () => {
  const options = readFileSync(url, 'utf8').split('## Options')[1]!.split('\n## ')[0]!
  const named = [...options.matchAll(/^\| (.+?) \|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`--(\w+)`/g)].map(([, name]) => name))
  assert.deepEqual(named.sort(), Object.keys(topOptionNames).sort())
})

test('docs - the commands in top.md are understood; those that end by themselves end with the code for missing records', async () => {
  await using collector = await FakeCollector.start()
  const commands = [...readFileSync(url, 'utf8').matchAll(/^npx sluice top(.*)$/gm)].map(([, args]) => args!.trim())
  assert.equal(commands.length, 4)
  for (const command of commands) {
    const args = command
      .split(' ')
      .filter((arg) => arg !== '')
      .map((arg) => arg.replaceAll("'", ''))
    assert.notEqual(parseTopOptions(args), 'help')
    if (!args.includes('--once')) continue
    const code = await new Promise((resolve) => {
      execFile(process.execPath, [sluice, 'top', ...args, '--url', collector.url], (error) => resolve(error === null ? 0 : error.code))
    })
    assert.equal(code, 2, command)
  }
})
