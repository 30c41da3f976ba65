import { configError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'
import { clientChecks } from './contract/client-checks.ts'
import { consumerChecks } from './contract/consumer-checks.ts'
import type { AnyInterceptor, Check, InterceptorContractOptions, InterceptorFactory } from './contract/contract-options.ts'
import { handlerChecks } from './contract/handler-checks.ts'
import { hygieneChecks } from './contract/hygiene-checks.ts'
import { pairChecks } from './contract/pair-checks.ts'
import { producerChecks } from './contract/producer-checks.ts'
import { settingsChecks } from './contract/settings-checks.ts'

const OPTIONS = ['changes', 'async', 'retries', 'record', 'context', 'skip', 'timeoutMs', 'test']

/**
 * Registers a suite of tests that every interceptor passes: it bears records of every kind, leaves alone what is not its
 * own, keeps order and positions, calls a handler once, says nothing it should not, and ends when it is closed. Only the
 * hooks that the interceptor has are tested. The tests are named `<interceptor> contract - <promise>`.
 *
 * The factory is called once at once, to see the hooks, and then for each test. Throws CONFIG for an unknown option or
 * for a check to skip that does not exist.
 */
export function interceptorContract(factory: InterceptorFactory, options: InterceptorContractOptions = {}): void {
  checkOptions(factory, options)
  const { skip = {}, test = nodeTest() } = options
  const interceptor = factory() as AnyInterceptor
  const checks: readonly Check[] = [
    ...settingsChecks(factory, options),
    ...producerChecks(factory, options, interceptor),
    ...consumerChecks(factory, options, interceptor),
    ...handlerChecks(factory, options, interceptor),
    ...pairChecks(factory, options, interceptor),
    ...clientChecks(factory, options, interceptor),
    ...hygieneChecks(factory, options),
  ]
  const titles = checks.map(({ title }) => title)
  for (const title of Object.keys(skip)) {
    if (!titles.includes(title))
      throw configError(`interceptorContract: skip names no check: ${JSON.stringify(title)}${didYouMean(title, titles)}`)
  }
  for (const { title, run } of checks) if (skip[title] === undefined) test(`${interceptor.name} contract - ${title}`, run)
}

function checkOptions(factory: unknown, options: InterceptorContractOptions): void {
  if (typeof factory !== 'function')
    throw configError(`interceptorContract takes a function that makes the interceptor, not ${typeof factory}`)
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name))
      throw configError(`interceptorContract: unknown option ${JSON.stringify(name)}${didYouMean(name, OPTIONS)}`)
  }
}

/** Looked up when it is needed: other runners do not know the module. */
function nodeTest(): (name: string, run: () => Promise<void>) => unknown {
  return process.getBuiltinModule('node:test').test
}
