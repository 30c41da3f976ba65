import type { CommitContext, ConsumeContext, InterceptorContext, RecordContext } from '../interceptor/interceptor-context.ts'
import { CollectingLogger } from './collecting-logger.ts'
import { ManualClock } from './manual-clock.ts'

/** What `configure` gets in a test: time stands still, and what is logged is kept. */
export interface TestContext extends InterceptorContext {
  readonly clock: ManualClock
  readonly logger: CollectingLogger
}

/** For `configure`: client `test-client`, a producer's side, no group, no options, unless told otherwise. */
export function testContext(overrides: Partial<TestContext> = {}): TestContext {
  return {
    clientId: 'test-client',
    groupId: undefined,
    side: 'producer',
    options: {},
    logger: new CollectingLogger(),
    clock: new ManualClock(),
    metrics: () => ({}),
    clusterId: () => null,
    ...overrides,
  }
}

/** A RecordContext whose signal the test can abort. */
export interface TestRecordContext<S = any> extends RecordContext<S> {
  abort(reason?: unknown): void
}

/** For the hooks of one record. The same context for several hooks keeps the `state`, as a client does. */
export function recordContext<S = any>(state?: S): TestRecordContext<S> {
  const controller = new AbortController()
  return { state, signal: controller.signal, abort: (reason) => controller.abort(reason) }
}

/** A ConsumeContext whose signal the test can abort. */
export interface TestConsumeContext<S = any> extends ConsumeContext<S> {
  abort(reason?: unknown): void
  /** What `onCommit` gets when everything so far is committed. */
  commitContext(): CommitContext<S>
}

/** For `onConsume` and `handleBatch`: remembers the state of each record. */
export function consumeContext<S = any>(): TestConsumeContext<S> {
  const controller = new AbortController()
  const states = new Map<string, CommitContext<S>['committed'][number]>()
  const nameOf = ({ topic, partition, offset }: { topic: string; partition: number; offset: number }): string =>
    `${partition} ${offset} ${topic}`
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    getState: (record) => states.get(nameOf(record))?.state,
    setState: (record, state) => {
      const { topic, partition, offset } = record
      states.set(nameOf(record), { topic, partition, offset, state })
    },
    commitContext: () => ({ committed: [...states.values()].sort((a, b) => a.offset - b.offset) }),
  }
}
