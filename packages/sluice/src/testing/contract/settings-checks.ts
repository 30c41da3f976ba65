import assert from 'node:assert/strict'
import { isKafkaError } from '../../errors.ts'
import { InterceptorMember } from '../../interceptor/interceptor-member.ts'
import { silentLogger } from '../../logger.ts'
import { ManualClock } from '../manual-clock.ts'
import { recordOf } from '../record-of.ts'
import { recordContext, testContext } from '../test-context.ts'
import type { AnyInterceptor, Check, InterceptorContractOptions, InterceptorFactory } from './contract-options.ts'
import { outcomeOf } from './outcome.ts'
import { samples } from './samples.ts'
import { Subject } from './subject.ts'

const HOOKS = ['onSend', 'onSerialized', 'onAcknowledgement', 'onFetched', 'onConsume', 'handle', 'handleBatch', 'onCommit'] as const

/** What the interceptor says about itself, and its life from `configure` to `close`. */
export function settingsChecks(factory: InterceptorFactory, options: InterceptorContractOptions): readonly Check[] {
  const make = (given?: object): AnyInterceptor => factory(given) as AnyInterceptor
  const use = (check: (subject: Subject) => unknown): Promise<void> => Subject.use(factory, options, check)
  const own = options.record
  const checks: (Check | false)[] = [
    {
      title: 'it has a name, the same for every instance, and settings that a client accepts',
      run: async () => {
        const { name } = make()
        assert.ok(typeof name === 'string' && name !== '', 'name must be a non-empty string')
        assert.equal(make().name, name, 'the name must be the same for every instance: it stands in statistics')
        new InterceptorMember(make(), 0, testContext(options.context), () => {})
      },
    },
    {
      title: 'it has a hook, and every hook is a function',
      run: async () => {
        const interceptor = make()
        const present = HOOKS.filter((hook) => interceptor[hook] !== undefined)
        assert.ok(present.length > 0, `it has none of ${HOOKS.join(', ')}`)
        for (const hook of present) assert.equal(typeof interceptor[hook], 'function', `${hook} must be a function`)
      },
    },
    factory.length > 0 && {
      title: 'the common options reach the interceptor',
      run: async () => {
        const given = {
          name: 'another-name',
          onError: 'deadLetter',
          topics: ['a', 'b'],
          when: { not: 'c' },
          timeoutMs: 1234,
          disableAfter: 7,
        }
        const { name, onError, topics, when, timeoutMs, disableAfter } = make(given)
        assert.deepEqual({ name, onError, topics, when, timeoutMs, disableAfter }, given)
      },
    },
    factory.length > 0 && {
      title: 'an unknown option is refused with CONFIG, and its near name is told',
      run: async () => {
        assert.throws(
          () => make({ timeoutMss: 5 }),
          (error) => isKafkaError(error) && error.code === 'CONFIG' && /timeoutMss.*timeoutMs\b/s.test(error.message),
          'give the options to interceptorOptions, which checks them',
        )
      },
    },
    {
      title: 'configure needs no more than client id, options, logger and clock',
      run: async () => {
        const minimal = { clientId: 'c', groupId: undefined, options: {}, logger: silentLogger, clock: new ManualClock() }
        const interceptor = make()
        await interceptor.configure?.(options.context === undefined ? minimal : { ...minimal, ...options.context })
        await interceptor.close?.()
      },
    },
    {
      title: 'one instance may be configured for two clients, and closed for each',
      run: () =>
        use(async (subject) => {
          const { interceptor } = subject
          const second = testContext({ ...options.context, clientId: 'another-client', groupId: 'group', side: 'consumer' })
          await subject.settled(interceptor.configure?.(second), 'configure')
          await subject.settled(interceptor.close?.(), 'close')
        }),
    },
    {
      title: 'a second instance works on when the first is closed',
      run: () =>
        use(async (subject) => {
          await Subject.use(factory, options, () => {})
          const { interceptor } = subject
          if (interceptor.onSend === undefined) return
          const { init } = samples(own)[0]!
          await outcomeOf(subject, 'onSend', () => interceptor.onSend!(recordOf(init), recordContext()), { ...options, async: true })
        }),
    },
    {
      title: 'close may be called twice, and without configure',
      run: async () => {
        const unused = make()
        await unused.close?.()
        await use((subject) => subject.settled(subject.interceptor.close?.(), 'close'))
      },
    },
    {
      title: 'onClusterUpdate takes a cluster, also one whose id is not known',
      run: () =>
        use(({ interceptor }) => {
          interceptor.onClusterUpdate?.({ clusterId: 'cluster-1' })
          interceptor.onClusterUpdate?.({ clusterId: null })
        }),
    },
  ]
  return checks.filter((check) => check !== false)
}
