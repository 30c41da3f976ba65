import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError } from '../errors.ts'
import { RecordHeaders } from '../record/headers.ts'
import type { InterceptorScope, TopicSelector } from './interceptor-context.ts'
import { Scope } from './scope.ts'

function scope(topics?: TopicSelector, when?: InterceptorScope, groupId?: string): Scope {
  return new Scope(
    { name: 'i', ...(topics === undefined ? {} : { topics }), ...(when === undefined ? {} : { when }) },
    { clientId: 'c-1', groupId },
  )
}

const seen = (one: Scope): string[] =>
  ['web', 'web.eu', 'api', 'a.b', '__consumer_offsets', '_sluice.monitor'].filter((topic) => one.includesTopic(topic))

test('scope - a string of topic characters is a whole name, any other is a pattern of the whole name, /../ is a RegExp', () => {
  assert.deepEqual(seen(scope('web')), ['web'])
  assert.deepEqual(seen(scope('a.b')), ['a.b'])
  assert.deepEqual(seen(scope('web.*')), ['web', 'web.eu'])
  assert.deepEqual(seen(scope('/B$/i')), ['web', 'a.b'])
  assert.deepEqual(seen(scope(/^a/g)), ['api', 'a.b'])
  assert.deepEqual(seen(scope((topic) => topic.length === 3)), ['web', 'api', 'a.b'])
  assert.deepEqual(seen(scope(['api', /eu$/])), ['web.eu', 'api'])
})

test('scope - a test answers as a condition would, a frozen pattern is one, and a promise is refused', () => {
  assert.deepEqual(seen(scope(((topic: string) => topic.match(/^w/)) as never)), ['web', 'web.eu'])
  assert.deepEqual(seen(scope(Object.freeze(/^a/g))), ['api', 'a.b'])
  const late = scope((async () => {
    throw new Error('nobody hears it')
  }) as never)
  assert.throws(() => late.includesTopic('web'), /interceptor "i": topics.*not a promise/)
})

test('scope - internal topics are out, unless they are named or asked for', () => {
  assert.deepEqual(seen(scope()), ['web', 'web.eu', 'api', 'a.b'])
  assert.deepEqual(seen(scope('.*')), ['web', 'web.eu', 'api', 'a.b'])
  assert.deepEqual(seen(scope(['__consumer_offsets'])), ['__consumer_offsets'])
  assert.equal(seen(scope(undefined, { internalTopics: true })).length, 6)
})

test('scope - not takes topics out, also those that topics names', () => {
  assert.deepEqual(seen(scope(undefined, { not: 'web.*' })), ['api', 'a.b'])
  assert.deepEqual(seen(scope(['web', 'api'], { not: ['web'] })), ['api'])
})

test('scope - clients and groups by name, pattern or test; a producer has no group', () => {
  assert.equal(scope(undefined, { clients: 'c-1' }).includesTopic('web'), true)
  assert.equal(scope(undefined, { clients: ['c-2', '/^c-[2-9]/'] }).includesTopic('web'), false)
  assert.equal(scope(undefined, { groups: /^bill/ }, 'billing').includesTopic('web'), true)
  assert.equal(scope(undefined, { groups: /^bill/ }).includesTopic('web'), false)
  // Any character may be in a group's name, so only /../ makes it a pattern.
  assert.equal(scope(undefined, { groups: 'a.*' }, 'abc').includesTopic('web'), false)
  assert.equal(scope(undefined, { groups: 'a.*' }, 'a.*').includesTopic('web'), true)
})

test('scope - by header: present, or with this text', () => {
  const headers = new RecordHeaders().add('tenant', 'a').add('none', null)
  assert.equal(scope().isPerRecord, false)
  assert.equal(scope(undefined, { header: 'tenant' }).includesHeaders(headers), true)
  assert.equal(scope(undefined, { header: 'none' }).includesHeaders(headers), true)
  assert.equal(scope(undefined, { header: 'other' }).includesHeaders(headers), false)
  assert.equal(scope(undefined, { header: { key: 'tenant', value: 'a' } }).includesHeaders(headers), true)
  assert.equal(scope(undefined, { header: { key: 'tenant', value: 'b' } }).includesHeaders(headers), false)
})

test('scope - what cannot be a scope is refused when the client is made, naming the interceptor and the option', () => {
  const bad: [unknown, unknown, RegExp][] = [
    [5, undefined, /"i": topics must be/],
    ['', undefined, /topics must not be an empty string/],
    ['web(', undefined, /"i": topics: .*[Uu]nterminated/],
    [undefined, 7, /when must be an object/],
    [undefined, { topic: 'x' }, /when has no "topic"; it takes not, clients/],
    [undefined, { not: 5 }, /when.not must be/],
    [undefined, { clients: null }, /when.clients must be/],
    [undefined, { header: 5 }, /when.header must be/],
    [undefined, { header: { key: 'a', value: 5 } }, /when.header must be/],
    [undefined, { internalTopics: 'yes' }, /internalTopics must be true or false/],
  ]
  for (const [topics, when, pattern] of bad) {
    assert.throws(
      () => scope(topics as TopicSelector, when as InterceptorScope),
      (error) => isKafkaError(error) && error.code === 'CONFIG' && pattern.test(error.message),
      String(pattern),
    )
  }
})
