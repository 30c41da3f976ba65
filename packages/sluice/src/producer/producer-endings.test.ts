import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KafkaError } from '../errors.ts'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import type { Serializer } from '../record/serdes.ts'
import type { SendOptions } from './producer.ts'
import { ProducerFixture, recorder, turns } from './testing/producer-fixture.ts'

/** Runs `act` and gives what nobody handled meanwhile. */
async function unhandled(act: () => Promise<void>): Promise<unknown[]> {
  const seen: unknown[] = []
  const listener = (error: unknown): void => void seen.push(error)
  // node:test has listeners of its own, which would fail the test before it can look.
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', listener)
  try {
    await act()
    await turns()
  } finally {
    process.removeListener('unhandledRejection', listener)
    for (const other of others) process.on('unhandledRejection', other)
  }
  return seen
}

test('producer endings - a send is acknowledged once also when its own serializer closes the producer by force', async () => {
  const acknowledged = recorder()
  let fixture: ProducerFixture
  const closing: Serializer<string> = {
    serialize(_topic, value) {
      if (value === 'last') void fixture.producer.close({ timeoutMs: 0 })
      return Buffer.from(value)
    },
  }
  fixture = new ProducerFixture({ valueSerializer: closing, maxBlockMs: 1000 }, [acknowledged], [])
  const sends = ['first', 'last'].map((value) => fixture.producer.send({ topic: 't', value }).catch((error: KafkaError) => error.code))
  await turns()
  // Both waited for metadata, so that the serializer runs when they are resumed.
  fixture.know('t')
  assert.deepEqual(await Promise.all(sends), ['CLOSED', 'CLOSED'])
  await fixture.producer.close()
  assert.equal(acknowledged.acks.length, 2)
})

test('producer endings - a signal that fires in the serializer ends its send once', async () => {
  const acknowledged = recorder()
  const controller = new AbortController()
  const aborting: Serializer<string> = {
    serialize(_topic, value) {
      controller.abort()
      return Buffer.from(value)
    },
  }
  const { producer, sent, know } = bound(new ProducerFixture({ valueSerializer: aborting }, [acknowledged], []))
  const send = producer.send({ topic: 't', value: 'v' }, { signal: controller.signal })
  await turns()
  know('t')
  await assert.rejects(send, { code: 'ABORTED' })
  await producer.close()
  assert.equal(acknowledged.acks.length, 1)
  assert.deepEqual(sent, [[], [], []])
})

test('producer endings - a signal that has fired before ends the send although the topic is known', async () => {
  const acknowledged = recorder()
  const { producer, sent } = new ProducerFixture({}, [acknowledged])
  await assert.rejects(producer.send({ topic: 't', value: 'v' }, { signal: AbortSignal.abort('why') }), { code: 'ABORTED', cause: 'why' })
  assert.equal(acknowledged.acks.length, 1)
  await producer.close()
  assert.deepEqual(sent, [[], [], []])
})

test('producer endings - what is no option of send rejects it; send does not throw and interceptors are not called', async () => {
  const called = recorder()
  const { producer } = new ProducerFixture({}, [called], [])
  for (const options of [{ signal: {} }, { singal: undefined }, 'x', 5] as unknown[]) {
    await assert.rejects(producer.send({ topic: 't', value: 'v' }, options as SendOptions), { code: 'INVALID_ARGUMENT' })
  }
  assert.equal(called.sends, 0)
  await producer.close()
})

test('producer endings - what asynchronous callbacks and hooks reject with is logged and ends no process', async () => {
  const logged: string[] = []
  const note = (message: string): void => void logged.push(message)
  const asynchronous: ProducerInterceptor<string, string> = {
    name: 'asynchronous',
    onAcknowledgement: (async () => {
      throw new Error('no')
    }) as () => void,
    onClusterUpdate: (async () => {
      throw new Error('no')
    }) as () => void,
  }
  const seen = await unhandled(async () => {
    const { producer } = new ProducerFixture({ logger: { debug() {}, info() {}, warn: note, error: note } }, [asynchronous])
    const callback = async (): Promise<void> => {
      throw new Error('no')
    }
    producer.send({ topic: 't', value: 'v' }, callback)
    producer.send({ topic: '', value: 'v' }, callback)
    await producer.flush()
    await producer.close()
  })
  assert.deepEqual(seen, [])
  assert.equal(logged.filter((message) => message === 'a callback given to send threw').length, 2)
  assert.equal(logged.filter((message) => message.includes('onAcknowledgement')).length, 1)
})

test('producer endings - a logger that throws costs no acknowledgement', async () => {
  const acknowledged = recorder()
  const throws = (): never => {
    throw new Error('no room left')
  }
  const logger = { debug: throws, info: throws, warn: throws, error: throws }
  const { producer } = new ProducerFixture({ logger }, [acknowledged, { name: 'throws', onAcknowledgement: throws }])
  let called = 0
  for (let i = 0; i < 3; i++) {
    producer.send({ topic: 't', partition: 0, value: 'v' }, () => {
      called++
      throw new Error('no')
    })
  }
  await producer.close()
  assert.equal(called, 3)
  assert.equal(acknowledged.acks.length, 3)
})

test('producer endings - close with a timeout comes to its end although an interceptor does not', async () => {
  const { producer, clock } = new ProducerFixture({}, [{ name: 'hangs', close: () => new Promise(() => {}) }])
  let isClosed = false
  const closing = producer.close({ timeoutMs: 100 }).then(() => {
    isClosed = true
  })
  await turns()
  clock.advance(100)
  await turns()
  assert.equal(isClosed, false)
  clock.advance(1000)
  await closing
})

function bound(fixture: ProducerFixture): Pick<ProducerFixture, 'producer' | 'sent'> & { know: (...topics: string[]) => void } {
  return { producer: fixture.producer, sent: fixture.sent, know: (...topics) => fixture.know(...topics) }
}
