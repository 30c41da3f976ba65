import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linesOf } from './lines.ts'

async function lines(...chunks: string[]): Promise<string[]> {
  async function* stream(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield Buffer.from(chunk, 'latin1')
  }
  const result: string[] = []
  for await (const line of linesOf(stream())) result.push(line.toString('latin1'))
  return result
}

test('lines - a line may be cut anywhere between chunks', async () => {
  const text = 'one\ntwo\r\n\nthr\xffee\nlast'
  const expected = ['one', 'two', '', 'thr\xffee', 'last']
  assert.deepEqual(await lines(text), expected)
  assert.deepEqual(await lines(...text), expected)
  for (let cut = 0; cut <= text.length; cut++) assert.deepEqual(await lines(text.slice(0, cut), text.slice(cut)), expected)
})

test('lines - a file that ends with a line end has no empty last line', async () => {
  assert.deepEqual(await lines('a\nb\n'), ['a', 'b'])
  assert.deepEqual(await lines(), [])
})

test('lines - a carriage return inside a line stays', async () => {
  assert.deepEqual(await lines('a\rb\r\n'), ['a\rb'])
})
