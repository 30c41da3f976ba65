import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  configError,
  interceptorOptions,
  KafkaError,
  type ProducerInterceptor,
  reject,
  type Verdict,
} from 'sluice'
import { kindOf, oneOf } from '../option-checks.ts'
import { PolicyFile } from './policy-file.ts'
import { type AccessOperation, type AccessRequest, type AccessRule, compilePolicy } from './policy-rules.ts'

export type { AccessOperation, AccessPolicyDocument, AccessRequest, AccessRule, PolicyNames } from './policy-rules.ts'

export interface AccessPolicyOptions extends CommonInterceptorOptions {
  /** Who may do what: a rule that denies wins over all that allow, in whatever order. @default none */
  readonly rules?: readonly AccessRule[]
  /** In place of `rules`: a JSON or YAML file of `{ default, rules }`, which is followed. @default none */
  readonly file?: string
  /** In place of `rules`: says for each record whether it is allowed; a promise makes the hooks asynchronous. @default none */
  readonly decide?: (request: AccessRequest) => boolean | PromiseLike<boolean>
  /** What happens where no rule is. @default deny */
  readonly default?: 'allow' | 'deny'
  /** On whose behalf the application works at this moment, for rules with `who`. Asked for each record. @default nobody */
  readonly who?: () => string | undefined
}

interface Client {
  readonly clientId: string
  readonly groupId: string | undefined
}

type Decision = boolean | PromiseLike<boolean>

/** Lets clients send to and read from only those topics that they may. What may not be is rejected with POLICY_VIOLATION. */
export function accessPolicy(options: AccessPolicyOptions): ProducerInterceptor & ConsumerInterceptor {
  const own = interceptorOptions('accessPolicy', options, {
    rules: {
      default: undefined,
      check: (value) => (value === undefined || Array.isArray(value) ? null : `must be a list of rules, not ${kindOf(value)}`),
    },
    file: {
      default: undefined,
      check: (value) =>
        value === undefined || (typeof value === 'string' && value !== '') ? null : `must be a path, not ${kindOf(value)}`,
    },
    decide: { default: undefined, check: functionOrNothing },
    default: { default: 'deny', check: oneOf('allow', 'deny') },
    who: { default: undefined, check: functionOrNothing },
  })
  const { rules, file, decide, who } = own
  if ([rules, file, decide].filter((one) => one !== undefined).length !== 1)
    throw configError('accessPolicy: give one of rules, file and decide')
  const policy = rules === undefined ? undefined : compilePolicy(rules, own.default, 'accessPolicy: rules')
  const policyFile = file === undefined ? undefined : new PolicyFile(file, own.default)
  const senders: Client[] = []
  const readers: Client[] = []

  function decision(operation: AccessOperation, topic: string, { clientId, groupId }: Client): Decision {
    const request: AccessRequest = { operation, topic, clientId, groupId, who: who?.() }
    if (decide !== undefined) return decide(request)
    return (policy ?? policyFile!.policy)?.allows(request) ?? false
  }

  /** An instance that several clients share cannot tell whose record it is: all of them must be allowed. */
  function judged<R extends { readonly topic: string }>(
    operation: AccessOperation,
    record: R,
    clients: readonly Client[],
  ): R | Verdict | Promise<R | Verdict> {
    if (clients.length === 0) return refusal(operation, record.topic, { clientId: '', groupId: undefined })
    for (let index = 0; index < clients.length; index++) {
      const allowed = decision(operation, record.topic, clients[index]!)
      if (isPromise(allowed)) return judgedLater(operation, record, clients, index, allowed)
      // Anything but true is no permission, such as a function that forgot to return one.
      if (allowed !== true) return refusal(operation, record.topic, clients[index]!)
    }
    return record
  }

  async function judgedLater<R extends { readonly topic: string }>(
    operation: AccessOperation,
    record: R,
    clients: readonly Client[],
    from: number,
    first: PromiseLike<boolean>,
  ): Promise<R | Verdict> {
    for (let index = from; index < clients.length; index++) {
      const allowed: unknown = await (index === from ? first : decision(operation, record.topic, clients[index]!))
      if (allowed !== true) return refusal(operation, record.topic, clients[index]!)
    }
    return record
  }

  return {
    onError: 'fail',
    // A rule about an internal topic would else never be asked, and nothing would say so.
    when: { internalTopics: true },
    ...commonOptions('access-policy', options),
    configure(context) {
      const { clientId, groupId, side } = context
      const clients = side === 'consumer' ? readers : senders
      if (!clients.some((one) => one.clientId === clientId && one.groupId === groupId)) clients.push({ clientId, groupId })
      return policyFile?.open(context)
    },
    onSend: (record) => judged('send', record, senders),
    // Before the deserializers: what may not be read is not decoded either.
    onFetched: (record) => judged('read', record, readers),
    close: () => policyFile?.close(),
  }
}

function refusal(operation: AccessOperation, topic: string, { clientId, groupId }: Client): Verdict {
  const group = groupId === undefined ? '' : ` of group ${JSON.stringify(groupId)}`
  const what = operation === 'send' ? 'send to' : 'read from'
  const message = `access policy: client ${JSON.stringify(clientId)}${group} may not ${what} topic ${JSON.stringify(topic)}`
  return reject(new KafkaError('POLICY_VIOLATION', message, { topic }))
}

function functionOrNothing(value: unknown): string | null {
  return value === undefined || typeof value === 'function' ? null : `must be a function, not ${kindOf(value)}`
}

function isPromise(value: unknown): value is PromiseLike<boolean> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
