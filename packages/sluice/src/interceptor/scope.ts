import { configError } from '../errors.ts'
import type { Headers } from '../record/headers.ts'
import { isPromise } from './hook-call.ts'
import type { InterceptorContext, InterceptorScope, InterceptorSettings, NameSelector, TopicSelector } from './interceptor-context.ts'

type Test = (name: string) => boolean

/** Which records one interceptor sees; made once, so that what is wrong with it shows when the client is made. */
export class Scope {
  /** Whether client and group are in scope: if not, the interceptor sees nothing. */
  readonly includesClient: boolean
  /** The only header condition there is, asked for each record; null without one. */
  readonly #header: { readonly key: string; readonly value: string | undefined } | null
  readonly #topics: Test | null
  readonly #not: Test | null
  readonly #namesInternal: (topic: string) => boolean

  constructor(settings: InterceptorSettings, context: Pick<InterceptorContext, 'clientId' | 'groupId'>) {
    const { name, topics, when = {} } = settings
    checkScope(when, name)
    this.#topics = topics === undefined ? null : compile(topics, `interceptor "${name}": topics`, asTopicTest)
    this.#not = when.not === undefined ? null : compile(when.not, `interceptor "${name}": when.not`, asTopicTest)
    this.#namesInternal = when.internalTopics === true ? () => true : (topic) => namesTopic(topics, topic)
    this.#header = headerOf(when.header)
    this.includesClient =
      (when.clients === undefined || compile(when.clients, `interceptor "${name}": when.clients`, asNameTest)(context.clientId)) &&
      (when.groups === undefined ||
        (context.groupId !== undefined && compile(when.groups, `interceptor "${name}": when.groups`, asNameTest)(context.groupId)))
  }

  /** True when records are told apart one by one. */
  get isPerRecord(): boolean {
    return this.#header !== null
  }

  /** Whether it sees this topic. Throws what the application's own test throws. */
  includesTopic(topic: string): boolean {
    if (!this.includesClient) return false
    if (this.#topics !== null && !this.#topics(topic)) return false
    if (this.#not?.(topic)) return false
    return !isInternalTopic(topic) || this.#namesInternal(topic)
  }

  /** Whether it sees a record of such a topic with these headers. */
  includesHeaders(headers: Headers): boolean {
    if (this.#header === null) return true
    const { key, value } = this.#header
    return value === undefined ? headers.has(key) : headers.getString(key) === value
  }
}

/** Kafka's own topics and those of this library's monitor. */
export function isInternalTopic(topic: string): boolean {
  return topic.startsWith('__') || topic.startsWith('_sluice')
}

const TOPIC_NAME = /^[A-Za-z0-9._-]+$/
const WRITTEN_PATTERN = /^\/(.*)\/([a-z]*)$/s
const SCOPE_KEYS = ['not', 'clients', 'groups', 'header', 'internalTopics']

function namesTopic(selector: TopicSelector | undefined, topic: string): boolean {
  return Array.isArray(selector) ? selector.some((one) => namesTopic(one, topic)) : selector === topic
}

function asTopicTest(text: string, option: string): Test {
  if (TOPIC_NAME.test(text)) return (topic) => topic === text
  return patternTest(WRITTEN_PATTERN.test(text) ? written(text, option) : pattern(`^(?:${text})$`, '', option))
}

function asNameTest(text: string, option: string): Test {
  return WRITTEN_PATTERN.test(text) ? patternTest(written(text, option)) : (name) => name === text
}

function written(text: string, option: string): RegExp {
  const [, source = '', flags = ''] = WRITTEN_PATTERN.exec(text) ?? []
  return pattern(source, flags, option)
}

function pattern(source: string, flags: string, option: string): RegExp {
  try {
    return new RegExp(source, flags)
  } catch (cause) {
    throw configError(`${option}: ${(cause as Error).message}`)
  }
}

function patternTest(given: RegExp): Test {
  // Of our own, as the application's may be frozen, and one with the g or y flag remembers where it stopped.
  const regex = new RegExp(given)
  return (name) => {
    regex.lastIndex = 0
    return regex.test(name)
  }
}

/** As a condition takes it: `topic.match(...)` is a yes. A promise would be one whatever it comes to. */
function applicationTest(test: (name: string) => unknown, option: string): Test {
  return (name) => {
    const answer = test(name)
    if (!isPromise(answer)) return Boolean(answer)
    answer.then(undefined, () => {})
    throw new TypeError(`${option}: a test must answer true or false, not a promise`)
  }
}

function compile(selector: TopicSelector | NameSelector, option: string, ofText: (text: string, option: string) => Test): Test {
  if (typeof selector === 'string') {
    if (selector === '') throw configError(`${option} must not be an empty string`)
    return ofText(selector, option)
  }
  if (typeof selector === 'function') return applicationTest(selector, option)
  if (selector instanceof RegExp) return patternTest(selector)
  if (!Array.isArray(selector)) {
    const given = selector === null ? 'null' : typeof selector
    throw configError(`${option} must be a name, a RegExp, a function or a list of these, not ${given}`)
  }
  const tests = selector.map((one: TopicSelector) => compile(one, option, ofText))
  return (name) => tests.some((test) => test(name))
}

function headerOf(header: InterceptorScope['header']): { readonly key: string; readonly value: string | undefined } | null {
  if (header === undefined) return null
  return typeof header === 'string' ? { key: header, value: undefined } : { key: header.key, value: header.value }
}

function checkScope(when: InterceptorScope, name: string): void {
  const where = `interceptor "${name}": when`
  if (typeof when !== 'object' || when === null)
    throw configError(`${where} must be an object, not ${when === null ? 'null' : typeof when}`)
  for (const key of Object.keys(when)) {
    if (!SCOPE_KEYS.includes(key)) throw configError(`${where} has no "${key}"; it takes ${SCOPE_KEYS.join(', ')}`)
  }
  const { header, internalTopics } = when
  if (internalTopics !== undefined && typeof internalTopics !== 'boolean') {
    throw configError(`${where}.internalTopics must be true or false, not ${typeof internalTopics}`)
  }
  if (header === undefined || (typeof header === 'string' && header !== '')) return
  const isPair = typeof header === 'object' && header !== null && typeof header.key === 'string' && header.key !== ''
  if (!isPair || (header.value !== undefined && typeof header.value !== 'string')) {
    throw configError(`${where}.header must be a header's key, or { key, value } with a value of text`)
  }
}
