import type { Difference } from './difference.ts'

export const producerDifferences: readonly Difference[] = [
  {
    java: '`onSend` may return null; the next interceptor gets null, and at last `send` throws a NullPointerException.',
    sluice: 'null is no record: it counts as a throw that names what to return, and the chain goes on with the last good record.',
    why: "An interceptor's slip must not cost the record. To drop one, return `drop(reason)`.",
    traces: {
      'chain: the first returns null': `
- p.b.onSend null
- p.a.onAcknowledgement null NullPointerException headers=[] read-only
- p.b.onAcknowledgement null NullPointerException headers=[] read-only
- p send r: threw NullPointerException
+ p.b.onSend orders-? k=v headers=[] time none
+ p send r: returned
+ p.a.onAcknowledgement orders-0@0 sizes 1/3 time now ok headers=[] read-only done 0/1
+ p.b.onAcknowledgement orders-0@0 sizes 1/3 time now ok headers=[] read-only done 0/1
  p flush: done
- r.future: none
+ r.future: orders-0@0 sizes 1/3 time now ok
`,
      'chain: the last returns null': `
- p.a.onAcknowledgement null NullPointerException headers=[] read-only
- p.b.onAcknowledgement null NullPointerException headers=[] read-only
- p send r: threw NullPointerException
+ p send r: returned
+ p.a.onAcknowledgement orders-0@0 sizes 1/3 time now ok headers=[] read-only done 0/1
+ p.b.onAcknowledgement orders-0@0 sizes 1/3 time now ok headers=[] read-only done 0/1
  p flush: done
- r.future: none
+ r.future: orders-0@0 sizes 1/3 time now ok
`,
      'chain: the first returns null, the second makes a record of its own': `
- p.b.onSend null
+ p.b.onSend orders-? k=v headers=[] time none
`,
    },
  },
  {
    java: '`send` throws for a closed producer, a serializer or partitioner that failed, and a record that cannot be.',
    sluice: '`send` never throws: the promise rejects, or the callback gets the error.',
    why: 'A function that returns a promise and also throws has to be guarded twice; and each send ends in exactly one place.',
    traces: {
      'outcome: a negative partition': `
- p send r: threw INVALID_ARGUMENT
+ p send r: returned
  p flush: done
- r.future: none
+ r.future: failed INVALID_ARGUMENT
`,
      'outcome: a negative timestamp': `
- p send r: threw INVALID_ARGUMENT
+ p send r: returned
  p flush: done
- r.future: none
+ r.future: failed INVALID_ARGUMENT
`,
      'outcome: the value serializer refuses': `
- p send r: threw SERIALIZATION
+ p send r: returned
  p flush: done
- r.future: none
+ r.future: failed SERIALIZATION
`,
      'outcome: a value of the wrong class': `
- p send r: threw SERIALIZATION
+ p send r: returned
  p flush: done
- r.future: none
+ r.future: failed SERIALIZATION
`,
      'outcome: headers stay writable after a serializer failed': `
- p send r: threw SERIALIZATION
+ p send r: returned
  record r header late 1: headers=[late=1]
- r.future: none
+ r.future: failed SERIALIZATION
`,
      'outcome: the partitioner chooses -1': `
- p send r: threw INVALID_ARGUMENT
+ p send r: returned
  p flush: done
- r.future: none
+ r.future: failed INVALID_ARGUMENT
`,
      'lifecycle: send after close, future': `
- p send r: threw ILLEGAL_STATE
- r.future: none
+ p send r: returned
+ r.future: failed ILLEGAL_STATE
`,
      'lifecycle: send after close, callback': `
- p send r callback: threw ILLEGAL_STATE
+ p send r callback: returned
+ r.callback orders-?@? sizes -1/-1 time none ILLEGAL_STATE
`,
    },
  },
  {
    java: '`send(null)` goes through the interceptors, which get null as the record and null as the metadata.',
    sluice: 'What is no record is refused before the interceptors.',
    why: '`onSend` and `onAcknowledgement` need not expect null, and come in pairs.',
    traces: {
      'outcome: send(null)': `
- p.a.onSend null
- p.b.onSend null
- p.a.onAcknowledgement null NullPointerException headers=[] read-only
- p.b.onAcknowledgement null NullPointerException headers=[] read-only
- p send r: threw NullPointerException
+ p send r: returned
  p flush: done
- r.future: none
+ r.future: failed INVALID_ARGUMENT
`,
      'outcome: send(null) with a callback': `
- p.a.onSend null
- p.a.onAcknowledgement null NullPointerException headers=[] read-only
- p send r callback: threw NullPointerException
+ p send r callback: returned
+ r.callback -?@? sizes -1/-1 time none INVALID_ARGUMENT
`,
      'lifecycle: send(null) after close': `
- p.a.onSend null
- p.a.onAcknowledgement null ILLEGAL_STATE headers=[] read-only
- p send none: threw ILLEGAL_STATE
- none.future: none
+ p send none: returned
+ none.future: failed INVALID_ARGUMENT
`,
    },
  },
  {
    java: 'What a serializer or partitioner throws is thrown on as it is.',
    sluice:
      'What a serializer throws becomes SERIALIZATION, with the cause. What a partitioner throws is what the promise rejects with; interceptors and callbacks, whose error is a `KafkaError`, get REJECTED with it as the cause.',
    why: 'The code says what happened, whoever wrote the serializer.',
    traces: {
      'outcome: the value serializer throws, callback': `
- p.a.onAcknowledgement orders-?@? sizes -1/-1 time none Boom headers=[] read-only
- p send r callback: threw Boom
+ p.a.onAcknowledgement orders-?@? sizes -1/-1 time none SERIALIZATION headers=[] read-only
+ p send r callback: returned
+ r.callback orders-?@? sizes -1/-1 time none SERIALIZATION
`,
      'outcome: the value serializer throws, future': `
- p.a.onAcknowledgement orders-?@? sizes -1/-1 time none Boom headers=[] read-only
- p send r: threw Boom
+ p.a.onAcknowledgement orders-?@? sizes -1/-1 time none SERIALIZATION headers=[] read-only
+ p send r: returned
  p flush: done
- r.future: none
+ r.future: failed SERIALIZATION
`,
      'outcome: the key serializer throws': `
- p.a.onAcknowledgement orders-?@? sizes -1/-1 time none Boom headers=[] read-only
- p send r: threw Boom
+ p.a.onAcknowledgement orders-?@? sizes -1/-1 time none SERIALIZATION headers=[] read-only
+ p send r: returned
  p flush: done
- r.future: none
+ r.future: failed SERIALIZATION
`,
      'outcome: the partitioner throws, callback': `
- p.a.onAcknowledgement orders-?@? sizes -1/-1 time none Boom headers=[] read-only
- p send r callback: threw Boom
+ p.a.onAcknowledgement orders-?@? sizes -1/-1 time none REJECTED headers=[] read-only
+ p send r callback: returned
+ r.callback orders-?@? sizes -1/-1 time none REJECTED
`,
      'outcome: the partitioner throws, future': `
- p.a.onAcknowledgement orders-?@? sizes -1/-1 time none Boom headers=[] read-only
- p send r: threw Boom
+ p.a.onAcknowledgement orders-?@? sizes -1/-1 time none REJECTED headers=[] read-only
+ p send r: returned
  p flush: done
- r.future: none
+ r.future: failed Boom
`,
    },
  },
  {
    java: 'A partitioner may choose a partition that is not there; the record waits until `delivery.timeout.ms` has passed.',
    sluice: 'It fails at once with INVALID_ARGUMENT, which names the partitions there are.',
    why: 'Nothing that comes later could heal it.',
    traces: {
      'outcome: the partitioner chooses a partition that is not there': `
+ p.a.onAcknowledgement orders-?@? sizes -1/-1 time none INVALID_ARGUMENT headers=[] read-only
  p send r: returned
- p.a.onAcknowledgement orders-99@? sizes -1/-1 time none TIMEOUT headers=[] read-only done 0/1
- r.future: failed TIMEOUT
+ r.future: failed INVALID_ARGUMENT
`,
    },
  },
  {
    java: '`send` blocks its thread for up to `max.block.ms`, while metadata or memory is missing; a failure is told before it returns.',
    sluice: '`send` returns at once; the record waits for as long, in the order of the calls, and a failure is told later.',
    why: 'Node has one thread.',
    traces: {
      'chain: the topic changes to an invalid one': `
- p.a.onAcknowledgement #-?@? sizes -1/-1 time none INVALID_TOPIC_EXCEPTION headers=[] read-only
  p send r: returned
+ p.a.onAcknowledgement #-?@? sizes -1/-1 time none INVALID_TOPIC_EXCEPTION headers=[] read-only done 0/1
`,
      'outcome: an invalid topic, future': `
- p.a.onAcknowledgement topic abc-?@? sizes -1/-1 time none INVALID_TOPIC_EXCEPTION headers=[] read-only
  p send r: returned
+ p.a.onAcknowledgement topic abc-?@? sizes -1/-1 time none INVALID_TOPIC_EXCEPTION headers=[] read-only done 0/1
`,
      'timeout: no broker can be reached, future': `
- p.a.onAcknowledgement orders-0@? sizes -1/-1 time none TIMEOUT headers=[] read-only
  p send r: returned
+ p.a.onAcknowledgement orders-0@? sizes -1/-1 time none TIMEOUT headers=[] read-only done 0/1
`,
      'outcome: buffer.memory is exhausted': `
- p.a.onAcknowledgement orders-0@? sizes -1/-1 time none BUFFER_EXHAUSTED headers=[] read-only done 0/1
  p send s: returned
+ p.a.onAcknowledgement orders-0@? sizes -1/-1 time none BUFFER_EXHAUSTED headers=[] read-only done 0/2
`,
    },
  },
  {
    java: 'When a send fails before it is in a batch, the callback is called first, then the interceptors, both before `send` returns; what that callback throws escapes from `send`.',
    sluice: 'Interceptors first, then the callback, always; no callback runs before `send` has returned, and what one throws is logged.',
    why: 'One order to rely on, for success and for every failure.',
    traces: {
      'chain: onAcknowledgement throws for a send that failed': `
- r.callback orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE
  p.a.onAcknowledgement orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE headers=[] read-only
  p.b.onAcknowledgement orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE headers=[] read-only
  p send r callback: returned
+ r.callback orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE
`,
      'outcome: an invalid topic, callback': `
+ p send r callback: returned
+ p.a.onAcknowledgement topic abc-?@? sizes -1/-1 time none INVALID_TOPIC_EXCEPTION headers=[] read-only
  r.callback topic abc-?@? sizes -1/-1 time none INVALID_TOPIC_EXCEPTION
- p.a.onAcknowledgement topic abc-?@? sizes -1/-1 time none INVALID_TOPIC_EXCEPTION headers=[] read-only
- p send r callback: returned
`,
      'outcome: larger than max.request.size, callback': `
- r.callback orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE
  p.a.onAcknowledgement orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE headers=[] read-only
  p.b.onAcknowledgement orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE headers=[] read-only
  p send r callback: returned
+ r.callback orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE
`,
      'outcome: larger than buffer.memory': `
- r.callback orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE
  p.a.onAcknowledgement orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE headers=[] read-only
  p send r callback: returned
+ r.callback orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE
`,
      'outcome: a partition that is not there': `
+ p send r callback: returned
+ p.a.onAcknowledgement orders-7@? sizes -1/-1 time none TIMEOUT headers=[] read-only
  r.callback orders-7@? sizes -1/-1 time none TIMEOUT
- p.a.onAcknowledgement orders-7@? sizes -1/-1 time none TIMEOUT headers=[] read-only
- p send r callback: returned
`,
      'outcome: a callback throws for a send that failed': `
+ p.a.onAcknowledgement orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE headers=[] read-only
+ p send r callback throw: returned
  r.callback orders-?@? sizes -1/-1 time none RECORD_TOO_LARGE
- p send r callback throw: threw Boom
`,
      'timeout: no broker can be reached, callback': `
- r.callback orders-?@? sizes -1/-1 time none TIMEOUT
+ p send r callback: returned
  p.a.onAcknowledgement orders-?@? sizes -1/-1 time none TIMEOUT headers=[] read-only
  p.b.onAcknowledgement orders-?@? sizes -1/-1 time none TIMEOUT headers=[] read-only
- p send r callback: returned
+ r.callback orders-?@? sizes -1/-1 time none TIMEOUT
`,
    },
  },
  {
    java: "Interceptors add headers to the caller's own record; once sent it is read-only, and when it is sent again it still has them.",
    sluice: "Each send has headers of its own: the caller's object is neither changed nor locked.",
    why: 'The same object may be sent again, and gives the same record.',
    traces: {
      "chain: the caller's headers changed after send": `
- record r header late 1: threw ILLEGAL_STATE
+ record r header late 1: headers=[late=1]
`,
      'chain: the same record object is sent twice': `
- p.a.onSend orders-? k=v headers=[a=1] time none
+ p.a.onSend orders-? k=v headers=[] time none
  p send r: returned
- p.a.onAcknowledgement orders-0@1 sizes 1/1 time now ok headers=[a=1] read-only done 0/1
+ p.a.onAcknowledgement orders-0@1 sizes 1/1 time now ok headers=[a=1] read-only done 1/1
`,
      'chain: the same record object is sent twice, copied by an interceptor': `
- p.a.onSend orders-? k=v headers=[a=1] time none
+ p.a.onSend orders-? k=v headers=[] time none
  p send r: returned
- p.a.onAcknowledgement orders-0@1 sizes 1/3 time now ok headers=[a=1,a=1] read-only done 0/1
+ p.a.onAcknowledgement orders-0@1 sizes 1/3 time now ok headers=[a=1] read-only done 1/1
`,
      'chain: the same record object is sent again after a failure': `
- p send r: threw SERIALIZATION
- r.future: none
- p.a.onSend orders-? k=v headers=[a=1] time none
- p.a.onAcknowledgement orders-?@? sizes -1/-1 time none SERIALIZATION headers=[a=1,a=1] read-only
- p send r: threw SERIALIZATION
- r.future: none
+ p send r: returned
+ r.future: failed SERIALIZATION
+ p.a.onSend orders-? k=v headers=[] time none
+ p.a.onAcknowledgement orders-?@? sizes -1/-1 time none SERIALIZATION headers=[a=1] read-only done 1/1
+ p send r: returned
+ r.future: failed SERIALIZATION
`,
      'outcome: headers after a record was too large': `
- record r header late 1: threw ILLEGAL_STATE
+ record r header late 1: headers=[late=1]
`,
    },
  },
  {
    java: 'A class that `interceptor.classes` names twice is taken once, with a warning.',
    sluice: 'An interceptor that is in the list twice runs twice.',
    why: 'The list holds objects, and runs as it was given.',
    traces: {
      'lifecycle: the same interceptor twice': `
+ p.a.configure client.id=p
  p new: done
  p partitionsFor orders: 1 partitions
  p.a.onSend orders-? k=v headers=[] time none
+ p.a.onSend orders-? k=v headers=[] time none
  p send r: returned
+ p.a.onAcknowledgement orders-0@0 sizes 1/1 time now ok headers=[] read-only done 0/1
  p.a.onAcknowledgement orders-0@0 sizes 1/1 time now ok headers=[] read-only done 0/1
  p flush: done
  r.future: orders-0@0 sizes 1/1 time now ok
+ p.a.close
`,
    },
  },
  {
    java: 'Each further `close` closes the interceptors once more.',
    sluice: 'Interceptors are closed once.',
    why: '`close` of an interceptor may end what cannot be ended twice.',
    traces: {
      'outcome: close gives up after its timeout': `
  r.future: failed CLOSED
- p.a.close
- p.b.close
`,
      'lifecycle: close twice': `
  p close: done
- p.a.close
- p.b.close
`,
    },
  },
  {
    java: '`flush` in a callback throws.',
    sluice: '`flush` may be called in a callback.',
    why: 'Nothing blocks, so nothing can lock up.',
    traces: {
      'lifecycle: flush in a callback': `
- r.callback flush: threw KafkaException
  p flush: done
+ r.callback flush: done
`,
    },
  },
  {
    java: '`close` in a callback takes no time to wait: the interceptors are closed at once, and see acknowledgements after that.',
    sluice: '`close` is the same everywhere: it sends what is pending, and closes the interceptors after the last acknowledgement.',
    why: '`close` of an interceptor is the last call it gets.',
    traces: {
      'lifecycle: close in a callback with another record in the batch': `
+ p.a.onAcknowledgement orders-0@1 sizes 1/1 time now ok headers=[] read-only
+ s.callback orders-0@1 sizes 1/1 time now ok
  p.a.close
  r.callback close: done
- p.a.onAcknowledgement orders-0@1 sizes 1/1 time now ok headers=[] read-only
- s.callback orders-0@1 sizes 1/1 time now ok
`,
    },
  },
]
