import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { testContext } from 'sluice/testing'
import { metrics } from './index.ts'

test('metrics - without its library the error says what to install', async (t) => {
  const missing = ['prom-client', '@opentelemetry/api']
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (missing.includes(specifier)) throw new Error('not found')
      return next(specifier, context)
    },
  })
  t.after(() => hooks.deregister())
  const configured = (backend: 'prom-client' | 'opentelemetry') => async () => metrics({ backend }).configure?.(testContext())
  await assert.rejects(configured('prom-client'), { code: 'CONFIG', message: /npm install prom-client/ })
  await assert.rejects(configured('opentelemetry'), { code: 'CONFIG', message: /npm install @opentelemetry\/api/ })
})
