import { configError } from 'sluice'
import { listOption, objectOption } from '../nested-options.ts'
import { kindOf } from '../option-checks.ts'

export type AccessOperation = 'send' | 'read'

/** Who wants what. */
export interface AccessRequest {
  readonly operation: AccessOperation
  readonly topic: string
  readonly clientId: string
  /** Of a consumer. */
  readonly groupId: string | undefined
  /** What the option `who` gives. */
  readonly who: string | undefined
}

/** Names: whole ones, or patterns in which `*` stands for any characters. */
export type PolicyNames = string | readonly string[]

/** All that is given must hold; what is left out holds for everybody. */
export interface AccessRule {
  readonly effect: 'allow' | 'deny'
  /** @default both */
  readonly operations?: AccessOperation | readonly AccessOperation[]
  readonly topics?: PolicyNames
  readonly clients?: PolicyNames
  /** A producer has no group. */
  readonly groups?: PolicyNames
  readonly who?: PolicyNames
}

/** What a file holds. */
export interface AccessPolicyDocument {
  /** What happens where no rule is. @default deny */
  readonly default?: 'allow' | 'deny'
  readonly rules: readonly AccessRule[]
}

/** Rules that are ready to ask. */
export interface CompiledPolicy {
  allows(request: AccessRequest): boolean
}

type Test = (request: AccessRequest) => boolean

const RULE = ['effect', 'operations', 'topics', 'clients', 'groups', 'who'] as const

/** A rule that denies wins over all that allow, wherever it stands. Throws CONFIG for what are no rules. */
export function compilePolicy(given: unknown, otherwise: 'allow' | 'deny', option: string): CompiledPolicy {
  if (!Array.isArray(given)) throw configError(`${option} must be a list of rules, not ${kindOf(given)}`)
  const denials: Test[] = []
  const permissions: Test[] = []
  for (const [index, one] of given.entries()) {
    const place = `${option}[${index}]`
    const rule = objectOption<AccessRule>(place, one, RULE)
    if (rule.effect !== 'allow' && rule.effect !== 'deny') throw configError(`${place}.effect must be "allow" or "deny"`)
    const list = rule.effect === 'deny' ? denials : permissions
    list.push(compileRule(rule, place))
  }
  const holds = (request: AccessRequest) => (test: Test) => test(request)
  return {
    allows: (request) => !denials.some(holds(request)) && (otherwise === 'allow' || permissions.some(holds(request))),
  }
}

/** The same of a file's content, whose own default goes first. */
export function compileDocument(given: unknown, otherwise: 'allow' | 'deny', option: string): CompiledPolicy {
  const { default: own = otherwise, rules } = objectOption<AccessPolicyDocument>(option, given, ['default', 'rules'])
  if (own !== 'allow' && own !== 'deny') throw configError(`${option}: default must be "allow" or "deny"`)
  return compilePolicy(rules, own, `${option}: rules`)
}

function compileRule({ operations, topics, clients, groups, who }: AccessRule, option: string): Test {
  const tests: Test[] = []
  if (operations !== undefined) {
    const listed = Array.isArray(operations) ? listOption(`${option}.operations`, operations) : [operations]
    for (const one of listed)
      if (one !== 'send' && one !== 'read') throw configError(`${option}.operations must be "send" or "read", or a list of these`)
    tests.push(({ operation }) => listed.includes(operation))
  }
  const add = (names: PolicyNames | undefined, name: string, of: (request: AccessRequest) => string | undefined): void => {
    if (names === undefined) return
    const matches = namesTest(names, `${option}.${name}`)
    tests.push((request) => {
      const found = of(request)
      return found !== undefined && matches(found)
    })
  }
  add(topics, 'topics', ({ topic }) => topic)
  add(clients, 'clients', ({ clientId }) => clientId)
  add(groups, 'groups', ({ groupId }) => groupId)
  add(who, 'who', (request) => request.who)
  return (request) => tests.every((test) => test(request))
}

function namesTest(given: unknown, option: string): (name: string) => boolean {
  const names = Array.isArray(given) ? listOption(option, given) : [given]
  const patterns = names.map((name) => {
    if (typeof name !== 'string' || name === '')
      throw configError(`${option} must be a name, a pattern with * or a list of these, not ${kindOf(name)}`)
    const parts = name.split('*')
    return (text: string) => matches(text, parts)
  })
  return (name) => patterns.some((pattern) => pattern(name))
}

/** In time linear in the text, for each part. */
function matches(text: string, parts: readonly string[]): boolean {
  const first = parts[0]!
  if (parts.length === 1) return text === first
  const last = parts.at(-1)!
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false
  let at = first.length
  const end = text.length - last.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
