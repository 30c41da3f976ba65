import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { directoryStore } from './directory-store.ts'

const signal = new AbortController().signal
const ID = `${'ab'.repeat(32)}-${'0'.repeat(32)}`
const OTHER = `${'ab'.repeat(32)}-${'1'.repeat(32)}`

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-claims-'))
  context.after(() => rmSync(path, { recursive: true }))
  return path
}

test('directoryStore - what is put is what is got, until it is deleted', async (context) => {
  const path = join(folder(context), 'made', 'here')
  const store = directoryStore(path)
  await store.open!()
  await store.put(ID, Buffer.from('body'), signal)
  await store.put(OTHER, Buffer.from('other'), signal)
  assert.deepEqual(readdirSync(join(path, 'ab')).sort(), [ID, OTHER])
  assert.deepEqual(await store.get(ID, signal, 4), Buffer.from('body'))
  await store.delete!(ID, signal)
  await store.delete!(ID, signal)
  assert.equal(await store.get(ID, signal, 4), null)
  assert.deepEqual(await store.get(OTHER, signal, 5), Buffer.from('other'))
})

test('directoryStore - a body that is larger than it should be is not read', async (context) => {
  const store = directoryStore(folder(context))
  await store.put(ID, Buffer.from('body'), signal)
  await assert.rejects(store.get(ID, signal, 3), { code: 'CORRUPT', message: /larger than the 3 bytes/ })
})

test('directoryStore - a put that is given up leaves nothing', async (context) => {
  const path = folder(context)
  await assert.rejects(directoryStore(path).put(ID, Buffer.alloc(10), AbortSignal.abort()), { name: 'AbortError' })
  assert.deepEqual(readdirSync(join(path, 'ab')), [])
})

test('directoryStore - only ids become names of files, and links are not followed', async (context) => {
  const path = folder(context)
  const outside = join(path, 'outside')
  writeFileSync(outside, 'secret')
  const store = directoryStore(join(path, 'store'))
  for (const id of ['', '../outside', '..', '/etc/passwd', `../../${ID}`, `${ID}\0`, ID.toUpperCase()]) {
    await assert.rejects(store.get(id, signal, 100), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(store.put(id, Buffer.from('x'), signal), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(store.delete!(id, signal), { code: 'INVALID_ARGUMENT' })
  }
  await store.put(OTHER, Buffer.from('x'), signal)
  symlinkSync(outside, join(path, 'store', 'ab', ID))
  await assert.rejects(store.get(ID, signal, 100), { code: 'ELOOP' })
  assert.equal(existsSync(outside), true)
})
