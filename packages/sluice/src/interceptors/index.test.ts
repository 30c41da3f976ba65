import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as ready from './index.ts'

/** Options that an interceptor cannot do without. */
const required: Readonly<Record<string, object>> = {
  'claim-check': { store: { directory: '.' } },
  'access-policy': { rules: [] },
  route: { rules: [{ topic: 'a' }] },
  filter: { expression: 'true' },
  transform: { steps: [{ mask: ['card'] }] },
  'regex-extractor': { regex: '(.)', serializers: [{ name: 'first' }] },
  'search-replace': { searchPattern: 'a' },
}

/** What is exported to go with them. */
const companions = ['currentContext', 'runWithContext', 'directoryStore', 's3Store']

test('interceptors - each factory is there under its name in kebab-case, which is also the name of what it makes', () => {
  const { interceptorsByName, ...factories } = ready
  const made = Object.keys(factories).filter((name) => !companions.includes(name))
  const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  assert.deepEqual([...interceptorsByName.keys()].sort(), made.map(kebab).sort())
  for (const [name, factory] of interceptorsByName) assert.equal(factory(required[name]).name, name)
})
