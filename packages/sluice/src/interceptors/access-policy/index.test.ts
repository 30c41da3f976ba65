import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext as NodeTestContext, test } from 'node:test'
import fc from 'fast-check'
import type { ProducerInterceptor, Verdict } from 'sluice'
import {
  CollectingLogger,
  interceptorContract,
  MockConsumer,
  MockProducer,
  rawRecordOf,
  recordContext,
  recordOf,
  testContext,
} from 'sluice/testing'
import { type AccessPolicyOptions, type AccessRule, accessPolicy } from './index.ts'
import { PolicyFile } from './policy-file.ts'

const everything: AccessRule = { effect: 'allow' }
interceptorContract((options?: AccessPolicyOptions) => accessPolicy({ rules: [everything], ...options }))
interceptorContract(() => accessPolicy({ name: 'access-policy (async)', decide: async () => true }), { async: ['onSend', 'onFetched'] })

type Client = { clientId?: string; groupId?: string; side?: 'producer' | 'consumer' }

/** The error of a denial; null when it is allowed. */
async function denial(options: AccessPolicyOptions, topic: string, client: Client = {}): Promise<string | null> {
  const interceptor = accessPolicy(options)
  const side = client.side ?? (client.groupId === undefined ? 'producer' : 'consumer')
  await interceptor.configure!(testContext({ ...client, side }))
  const result = (await (side === 'producer'
    ? interceptor.onSend!(recordOf({ topic }), recordContext())
    : interceptor.onFetched!(rawRecordOf({ topic }), recordContext()))) as Verdict & { verdict: 'reject' }
  await interceptor.close?.()
  if (result.verdict === undefined) return null
  assert.equal((result.error as { code?: string }).code, 'POLICY_VIOLATION')
  return result.error.message
}

function folder(context: NodeTestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-policy-'))
  context.after(() => rmSync(path, { recursive: true }))
  return path
}

test('accessPolicy - without a rule nobody may, and the denial names client and topic', async () => {
  assert.equal(await denial({ rules: [] }, 'orders', { clientId: 'shop' }), 'access policy: client "shop" may not send to topic "orders"')
  const reader = { clientId: 'shop', groupId: 'billing' }
  assert.equal(
    await denial({ rules: [] }, 'orders', reader),
    'access policy: client "shop" of group "billing" may not read from topic "orders"',
  )
  assert.equal(await denial({ rules: [], default: 'allow' }, 'orders'), null)
})

test('accessPolicy - a rule is for those of whom all that it names holds', async () => {
  const rules: AccessRule[] = [
    { effect: 'allow', operations: 'send', topics: ['orders', 'pay*'], clients: 'shop-*' },
    { effect: 'allow', operations: ['read'], topics: 'orders', groups: 'billing' },
  ]
  assert.equal(await denial({ rules }, 'orders', { clientId: 'shop-1' }), null)
  assert.equal(await denial({ rules }, 'payments', { clientId: 'shop-1' }), null)
  assert.notEqual(await denial({ rules }, 'orders-eu', { clientId: 'shop-1' }), null)
  assert.notEqual(await denial({ rules }, 'orders', { clientId: 'other' }), null)
  assert.equal(await denial({ rules }, 'orders', { groupId: 'billing' }), null)
  assert.notEqual(await denial({ rules }, 'orders', { groupId: 'other' }), null)
  assert.notEqual(await denial({ rules }, 'orders', { clientId: 'shop-1', side: 'consumer' }), null)
})

test('accessPolicy - a rule that denies wins, in whatever order', async () => {
  const deny: AccessRule = { effect: 'deny', topics: '*.secret' }
  for (const rules of [
    [everything, deny],
    [deny, everything],
  ]) {
    assert.equal(await denial({ rules }, 'a'), null)
    assert.notEqual(await denial({ rules }, 'a.secret'), null)
  }
  assert.notEqual(await denial({ rules: [deny], default: 'allow' }, 'a.secret'), null)
})

test('accessPolicy - who is asked for each record', async () => {
  let who: string | undefined = 'alice'
  const interceptor = accessPolicy({ rules: [{ effect: 'allow', who: ['alice', 'team-*'] }], who: () => who })
  await interceptor.configure!(testContext())
  const isAllowed = () => !('verdict' in (interceptor.onSend!(recordOf(), recordContext()) as object))
  assert.equal(isAllowed(), true)
  who = 'bob'
  assert.equal(isAllowed(), false)
  who = undefined
  assert.equal(isAllowed(), false)
})

test('accessPolicy - a function decides, at once or later, and only true is a permission', async () => {
  assert.equal(
    await denial({ decide: ({ operation, topic, clientId }) => `${operation} ${topic} ${clientId}` === 'send a c' }, 'a', {
      clientId: 'c',
    }),
    null,
  )
  assert.equal(await denial({ decide: async ({ topic }) => topic === 'a' }, 'a'), null)
  for (const given of [false, undefined, 'yes', 1, Promise.resolve(false), Promise.resolve('yes')]) {
    assert.notEqual(await denial({ decide: (() => given) as never }, 'a'), null, String(given))
  }
  await assert.rejects(denial({ decide: async () => Promise.reject(new Error('directory is away')) }, 'a'), /directory is away/)
  assert.equal(accessPolicy({ decide: () => true }).onError, 'fail')
})

test('accessPolicy - an instance that clients share lets pass what all of them may', async () => {
  const interceptor = accessPolicy({
    rules: [
      { effect: 'allow', clients: 'a', topics: ['x', 'y'] },
      { effect: 'allow', clients: 'b', topics: 'y' },
    ],
  })
  await interceptor.configure!(testContext({ clientId: 'a' }))
  const isAllowed = (topic: string) => !('verdict' in (interceptor.onSend!(recordOf({ topic }), recordContext()) as object))
  assert.deepEqual([isAllowed('x'), isAllowed('y')], [true, true])
  await interceptor.configure!(testContext({ clientId: 'b' }))
  assert.deepEqual([isAllowed('x'), isAllowed('y')], [false, true])
})

test('accessPolicy - before configure nobody may', () => {
  const unconfigured: ProducerInterceptor = accessPolicy({ rules: [everything] })
  assert.equal((unconfigured.onSend!(recordOf(), recordContext()) as Verdict).verdict, 'reject')
})

test('accessPolicy - a star stands for any characters, as a regular expression would find it', () => {
  const part = fc.stringMatching(/^[ab]{0,3}$/)
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.stringMatching(/^[ab]{0,8}$/), (parts, topic) => {
      const pattern = parts.join('*')
      fc.pre(pattern !== '' && topic !== '')
      const interceptor = accessPolicy({ rules: [{ effect: 'allow', topics: pattern }] })
      interceptor.configure!(testContext())
      const isAllowed = !('verdict' in (interceptor.onSend!(recordOf({ topic }), recordContext()) as object))
      assert.equal(isAllowed, new RegExp(`^${parts.join('.*')}$`).test(topic))
    }),
  )
})

test('accessPolicy - a file is read as JSON or YAML, with its own default', async (context) => {
  const path = folder(context)
  writeFileSync(join(path, 'a.json'), JSON.stringify({ rules: [{ effect: 'allow', topics: 'orders' }] }))
  writeFileSync(join(path, 'b.yaml'), 'default: allow\nrules:\n  - { effect: deny, topics: [secret, "hidden*"] }\n')
  assert.equal(await denial({ file: join(path, 'a.json') }, 'orders'), null)
  assert.notEqual(await denial({ file: join(path, 'a.json') }, 'other'), null)
  assert.equal(await denial({ file: join(path, 'b.yaml') }, 'orders'), null)
  assert.notEqual(await denial({ file: join(path, 'b.yaml') }, 'hidden-1'), null)
})

test('accessPolicy - a file that cannot be taken keeps the client from starting', async (context) => {
  const path = folder(context)
  const refused = async (name: string, text?: string) => {
    if (text !== undefined) writeFileSync(join(path, name), text)
    await assert.rejects(
      denial({ file: join(path, name) }, 'a'),
      (error: Error & { code?: string }) => error.code === 'CONFIG' && error.message.includes(name),
    )
  }
  await refused('missing.json')
  await refused('a.json', '{')
  await refused('b.yaml', 'rules: [')
  await refused('c.yaml', 'rules: []\nrlues: []')
  await refused('d.json', '{"rules":[{"effect":"permit"}]}')
})

test('accessPolicy - a file that changes is followed, and one that breaks leaves the rules and says so', async (context) => {
  const path = join(folder(context), 'policy.json')
  const write = (text: string): void => {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }
  const allows = (topic: string): boolean =>
    file.policy!.allows({ operation: 'send', topic, clientId: 'c', groupId: undefined, who: undefined })
  write('{"rules":[{"effect":"allow","topics":"a"}]}')
  const logger = new CollectingLogger()
  const file = new PolicyFile(path, 'deny')
  await file.open(testContext({ logger }))
  context.after(() => file.close())
  assert.deepEqual([allows('a'), allows('b')], [true, false])
  write('{"rules":[{"effect":"allow","topics":"b"}]}')
  await file.reload()
  assert.deepEqual([allows('a'), allows('b')], [false, true])
  for (const broken of ['{', '{"rules":[{"efect":"allow"}]}']) {
    write(broken)
    await file.reload()
    await file.reload()
    assert.deepEqual([allows('a'), allows('b')], [false, true])
  }
  rmSync(path)
  await file.reload()
  await file.reload()
  assert.equal(logger.messages('error').length, 3)
  assert.equal(allows('b'), true)
  write('{"rules":[{"effect":"allow","topics":"b"}]}')
  await file.reload()
  assert.equal(logger.messages('info').length, 2)
})

test('accessPolicy - the file is looked at by itself', async (context) => {
  const path = join(folder(context), 'policy.json')
  writeFileSync(path, '{"rules":[]}')
  const client = testContext()
  const interceptor = accessPolicy({ file: path })
  await interceptor.configure!(client)
  const isAllowed = () => !('verdict' in (interceptor.onSend!(recordOf(), recordContext()) as object))
  assert.equal(isAllowed(), false)
  writeFileSync(path, '{"default":"allow","rules":[]}')
  while (!isAllowed()) {
    client.clock.advance(5000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await interceptor.close!()
  assert.equal(client.clock.timers, 0)
})

test('accessPolicy - mistakes are told when it is made', () => {
  assert.throws(() => accessPolicy({}), /give one of rules, file and decide/)
  assert.throws(() => accessPolicy({ rules: [], file: 'a' }), /give one of rules, file and decide/)
  assert.throws(() => accessPolicy({ rules: [{} as never] }), /rules\[0\]\.effect must be "allow" or "deny"/)
  assert.throws(
    () => accessPolicy({ rules: [{ effect: 'allow', topic: 'a' } as never] }),
    /rules\[0\]: unknown option "topic"; there are effect, operations, topics/,
  )
  assert.throws(() => accessPolicy({ rules: [{ effect: 'allow', operations: 'write' as never }] }), /operations must be "send" or "read"/)
  assert.throws(() => accessPolicy({ rules: [{ effect: 'deny', topics: [] }] }), /topics must be a list with at least one element/)
})

test('accessPolicy - internal topics are asked about like others, in a chain, unless a when of its own leaves them out', async () => {
  const rules: AccessRule[] = [{ effect: 'allow', topics: 'orders' }]
  await using producer = new MockProducer({}, [accessPolicy({ rules })])
  for (const topic of ['__consumer_offsets', '_sluice_audit']) await assert.rejects(producer.send({ topic }), { code: 'POLICY_VIOLATION' })
  await using consumer = new MockConsumer({ groupId: 'g' }, [accessPolicy({ rules })])
  consumer.assign([{ topic: '_sluice_audit', partition: 0 }])
  consumer.addRecord({ topic: '_sluice_audit' })
  await assert.rejects(consumer.poll(), { code: 'POLICY_VIOLATION' })
  await using other = new MockProducer({}, [accessPolicy({ rules, when: { not: 'a' } })])
  assert.equal((await other.send({ topic: '_sluice_audit' })).topic, '_sluice_audit')
})
