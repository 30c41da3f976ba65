import type { Difference } from './difference.ts'

export const consumerDifferences: readonly Difference[] = [
  {
    java: '`onConsume` may return null; the next interceptor gets null, and at last `poll` returns it.',
    sluice: 'null is no records: it counts as a throw that names what to return, and the chain goes on with the last good records.',
    why: 'As for `onSend`.',
    traces: {
      'consume: the last returns null': `
- c poll: null
+ c poll: [orders-0@0 a1, orders-0@1 b1, orders-0@2 c1] next [orders-0@3]
`,
      'consume: the first returns null': `
- c.b.onConsume null
- c poll: null
+ c.b.onConsume [orders-0@0 a, orders-0@1 b, orders-0@2 c] next [orders-0@3]
+ c poll: [orders-0@0 a2, orders-0@1 b2, orders-0@2 c2] next [orders-0@3]
`,
    },
  },
  {
    java: 'An interceptor that builds ConsumerRecords anew without `nextOffsets` loses them for the interceptors after it and for the caller.',
    sluice: '`nextOffsets` stay.',
    why: 'Whoever commits by them would commit nothing.',
    traces: {
      'consume: builds the records anew without nextOffsets': `
- c.b.onConsume [orders-0@0 a, orders-0@1 b, orders-0@2 c] next []
- c poll: [orders-0@0 a, orders-0@1 b, orders-0@2 c] next []
+ c.b.onConsume [orders-0@0 a, orders-0@1 b, orders-0@2 c] next [orders-0@3]
+ c poll: [orders-0@0 a, orders-0@1 b, orders-0@2 c] next [orders-0@3]
`,
    },
  },
  {
    java: 'The callback of a `commitAsync` that succeeds during `close` is not called.',
    sluice: 'The promise of `commit` settles, before the interceptors are closed.',
    why: 'A promise that never settles is worse than one that is late.',
    traces: {
      'consume: commitAsync, then close': `
  c.a.onCommit [orders-0@3]
+ c.commitCallback ok
`,
    },
  },
  {
    java: 'With auto-commit on, `onCommit` is called with no offsets when a member joins that has none yet.',
    sluice: 'Nothing to commit is no commit: `onCommit` is not called.',
    why: 'Nothing was committed.',
    traces: {
      'group: automatic commit on close comes before the interceptors are closed': `
- c.a.onCommit []
`,
      'group: automatic commit on a rebalance': `
- c.a.onCommit []
`,
    },
  },
  {
    java: 'In a cooperative rebalance, offsets are committed when it begins, and not again before partitions are given up.',
    sluice: 'They are committed also right before partitions are given up.',
    why: '`poll` goes on in between; what it returned would be read again by the next owner.',
    traces: {
      'group: automatic commit on a cooperative rebalance': `
- c.a.onCommit []
  c.onPartitionsAssigned [orders-0,orders-1]
  c poll 3: 3 records
  d subscribe orders: done
+ c.a.onCommit [orders-0@2,orders-1@1]
  c.a.onCommit [orders-0@2,orders-1@1]
`,
    },
  },
  {
    java: 'When another member has taken over the `group.instance.id`, an asynchronous commit makes the next `poll` throw, and its callback is not called.',
    sluice: 'The promise of that `commit` rejects; `poll` fails when the group says so.',
    why: 'The error belongs to the call that failed.',
    traces: {
      'group: an asynchronous commit after another took over the static member': `
- c pollEmpty 1000: threw FENCED_INSTANCE_ID
+ c.commitCallback FENCED_INSTANCE_ID
+ c pollEmpty 1000: [] next []
`,
    },
  },
  {
    java: 'A class that `interceptor.classes` names twice is taken once, with a warning.',
    sluice: 'An interceptor that is in the list twice runs twice.',
    why: 'As for the producer.',
    traces: {
      'consume: the same interceptor twice': `
+ c.a.configure client.id=c
  c new: done
  c assign orders-0: done
  c.a.onConsume [orders-0@0 a, orders-0@1 b, orders-0@2 c] next [orders-0@3]
+ c.a.onConsume [orders-0@0 a, orders-0@1 b, orders-0@2 c] next [orders-0@3]
  c poll: [orders-0@0 a, orders-0@1 b, orders-0@2 c] next [orders-0@3]
  c.a.onCommit [orders-0@3]
+ c.a.onCommit [orders-0@3]
  c commit: done
+ c.a.close
`,
    },
  },
  {
    java: 'Calls on a closed consumer throw IllegalStateException.',
    sluice: 'They fail with CLOSED, as the calls do that wait while it is being closed.',
    why: 'One code to expect, whichever comes first.',
    traces: {
      'consume: poll after close': `
- c pollEmpty 0: threw ILLEGAL_STATE
+ c pollEmpty 0: threw CLOSED
`,
    },
  },
]
