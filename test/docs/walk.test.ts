import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ANCHOR = /`((?:packages|test|tools)\/[\w./-]+\.ts)#(\w+)`/g

for (const file of globSync('docs/walk/*.md', { cwd: root })) {
  test(`walk - every step of ${file} leads to a function that exists`, () => {
    const anchors = [...readFileSync(root + file, 'utf8').matchAll(ANCHOR)]
    assert.ok(anchors.length >= 8, `${file} has only ${anchors.length} anchors`)
    for (const [, path, name] of anchors) {
      assert.ok(existsSync(root + path), `${path} is gone`)
      const declaration = new RegExp(
        `(?:^|\\s)(?:function\\*?|class|const|interface|type|async|static|get|#|\\*)?\\s*#?${name}\\s*(?:<[^>]*>)?(?:[(=:{]|\\s+(?:extends|implements|=))`,
        'm',
      )
      assert.match(readFileSync(root + path, 'utf8'), declaration, `${path} declares no ${name}`)
    }
  })
}

test('walk - produce and consume are both told', () => {
  assert.deepEqual(globSync('docs/walk/*.md', { cwd: root }).sort(), ['docs/walk/consume.md', 'docs/walk/produce.md'])
})
