import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { testContext } from 'sluice/testing'
import { tracing } from './index.ts'

test('tracing - without @opentelemetry/api the error says what to install', async (t) => {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === '@opentelemetry/api') throw new Error('not found')
      return next(specifier, context)
    },
  })
  t.after(() => hooks.deregister())
  await assert.rejects(async () => tracing().configure?.(testContext()), { code: 'CONFIG', message: /npm install @opentelemetry\/api/ })
})
