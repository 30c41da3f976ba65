import { configError } from '../errors.ts'
import { harmless } from '../logger.ts'
import { didYouMean } from '../near-name.ts'
import type { SecurityProtocol } from '../network/client-network-options.ts'
import { type AdminOptions, adminOptions, type ResolvedAdminOptions } from './admin-options.ts'
import { type ConsumerOptions, consumerOptions, type ResolvedConsumerOptions } from './consumer-options.ts'
import { type InterceptorEntry, loadInterceptorClasses } from './interceptor-classes.ts'
import type { ClientSide } from './interceptor-maker.ts'
import type { AnyOptionTable, OptionSpec } from './option-table.ts'
import { type ProducerOptions, producerOptions, type ResolvedProducerOptions } from './producer-options.ts'

/** Marks what `fromProperties` made, also after `{ ...options }`: names of another client's options are then no mistake. */
export const fromPropertiesMark: unique symbol = Symbol('sluice.fromProperties')

type Values = Record<string, unknown>

/** What rules across options see: values with defaults, which were given, and where problems go. They may change values. */
export interface Draft {
  readonly values: Values
  isGiven(name: string): boolean
  readonly problems: string[]
  readonly warnings: string[]
}

type Client = 'producer' | 'consumer' | 'admin'

const tables: Readonly<Record<Client, AnyOptionTable>> = { producer: producerOptions, consumer: consumerOptions, admin: adminOptions }
const classes: Readonly<Record<Client, string>> = { producer: 'KafkaProducer', consumer: 'KafkaConsumer', admin: 'KafkaAdmin' }
const clientCounts: Record<Client, number> = { producer: 0, consumer: 0, admin: 0 }

/** Checks a producer's options and fills in the defaults. Throws one CONFIG error that names all that is wrong. */
export function resolveProducerOptions<K, V>(given: ProducerOptions<K, V>): ResolvedProducerOptions<K, V> {
  return resolve('producer', given, (draft) => {
    producerRules(draft)
    if (draft.values.transactionalId !== undefined)
      draft.problems.push(`${nameOf('producer', 'transactionalId')} is not supported yet by this version`)
    interceptorClassesRule(draft, 'producer')
  }) as ResolvedProducerOptions<K, V>
}

/** Checks a consumer's options and fills in the defaults. Throws one CONFIG error that names all that is wrong. */
export function resolveConsumerOptions<K, V>(given: ConsumerOptions<K, V>): ResolvedConsumerOptions<K, V> {
  return resolve('consumer', given, (draft) => {
    consumerRules(draft)
    interceptorClassesRule(draft, 'consumer')
  }) as ResolvedConsumerOptions<K, V>
}

/** Checks the admin client's options and fills in the defaults. Throws one CONFIG error that names all that is wrong. */
export function resolveAdminOptions(given: AdminOptions): ResolvedAdminOptions {
  return resolve('admin', given, () => {}) as unknown as ResolvedAdminOptions
}

/** The checks of single options, with the table's defaults for what was not given; `undefined` counts as not given. */
export function draftOf(client: Client, given: object): Draft {
  const table = tables[client]
  const values: Values = {}
  const problems: string[] = []
  const warnings: string[] = []
  const isMarked = fromPropertiesMark in given
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(table, name)) continue
    const other = (Object.keys(tables) as Client[]).find((one) => Object.hasOwn(tables[one], name))
    if (other === undefined) problems.push(`unknown option ${JSON.stringify(name)}${didYouMean(name, Object.keys(table))}`)
    else if (isMarked) warnings.push(`${name} is an option of ${classes[other]} and has no use here`)
    else problems.push(`${name} is an option of ${classes[other]}, not of ${classes[client]}`)
  }
  for (const [name, spec] of Object.entries(table)) {
    const value = (given as Values)[name]
    if (value === undefined) {
      values[name] = spec.default
      if (spec.required) problems.push(`${nameOf(client, name)} is missing; it ${spec.check(undefined)}`)
      continue
    }
    values[name] = value
    const problem = spec.check(value)
    if (problem === null) continue
    problems.push(`${nameOf(client, name)} ${problem}${problem.startsWith('must') ? `, not ${show(value, spec)}` : ''}`)
    values[name] = spec.default
  }
  return { values, problems, warnings, isGiven: (name) => (given as Values)[name] !== undefined }
}

/** Java's rules between a producer's options (ProducerConfig.postProcessAndValidateIdempotenceConfigs, KafkaProducer.configureDeliveryTimeout). */
export function producerRules(draft: Draft): void {
  const { values, problems, warnings } = draft
  if (values.acks === 'all') values.acks = -1
  const transactional = values.transactionalId !== undefined
  const asked = transactional || (draft.isGiven('enableIdempotence') && values.enableIdempotence === true)
  if (values.enableIdempotence === true) {
    const broken: string[] = []
    if (values.acks !== -1) broken.push(`${nameOf('producer', 'acks')} must be "all", not ${values.acks}`)
    if (values.retries === 0) broken.push('retries must be more than 0')
    if (broken.length > 0 && !asked) values.enableIdempotence = false
    else if ((values.maxInFlightRequestsPerConnection as number) > 5) {
      const name = nameOf('producer', 'maxInFlightRequestsPerConnection')
      broken.push(`${name} must be at most 5, not ${values.maxInFlightRequestsPerConnection}; or set enableIdempotence to false`)
    }
    if (values.enableIdempotence === true)
      for (const one of broken) problems.push(`with ${nameOf('producer', 'enableIdempotence')}, ${one}`)
  } else if (transactional) {
    problems.push(`${nameOf('producer', 'transactionalId')} needs ${nameOf('producer', 'enableIdempotence')} to be true`)
  }

  const least = Math.min((values.lingerMs as number) + (values.requestTimeoutMs as number), 2 ** 31 - 1)
  if ((values.deliveryTimeoutMs as number) < least) {
    const name = nameOf('producer', 'deliveryTimeoutMs')
    const sum = `lingerMs (linger.ms) + requestTimeoutMs (request.timeout.ms) = ${least}`
    if (draft.isGiven('deliveryTimeoutMs')) problems.push(`${name} must be at least ${sum}, not ${values.deliveryTimeoutMs}`)
    else {
      warnings.push(`${name} was raised to ${sum}`)
      values.deliveryTimeoutMs = least
    }
  }
}

/** Java's rules between a consumer's options (ConsumerConfig.maybeOverrideEnableAutoCommit, Heartbeat). */
export function consumerRules(draft: Draft): void {
  const { values, problems } = draft
  if (values.groupId === undefined) {
    if (draft.isGiven('enableAutoCommit') && values.enableAutoCommit === true) {
      problems.push(`${nameOf('consumer', 'enableAutoCommit')} needs ${nameOf('consumer', 'groupId')}`)
    }
    values.enableAutoCommit = false
  }
  if ((values.heartbeatIntervalMs as number) >= (values.sessionTimeoutMs as number)) {
    const less = `must be less than ${nameOf('consumer', 'sessionTimeoutMs')} ${values.sessionTimeoutMs}`
    problems.push(`${nameOf('consumer', 'heartbeatIntervalMs')} ${less}, not ${values.heartbeatIntervalMs}`)
  }
}

function resolve(client: Client, given: object, rules: (draft: Draft) => void): Values {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw configError(
      `the options of a ${classes[client]} must be an object, not ${given === null ? 'null' : Array.isArray(given) ? 'a list' : typeof given}`,
    )
  }
  const draft = draftOf(client, given)
  securityRule(draft)
  rules(draft)
  const { values, problems, warnings } = draft
  if (problems.length > 0) throw configError(problemsText(client, problems))
  values.clientId ??= generatedClientId(client, values)
  const logger = harmless((values as unknown as ResolvedAdminOptions).logger)
  values.logger = logger
  for (const warning of warnings) logger.warn(warning, { clientId: values.clientId })
  return Object.freeze(values)
}

/** `securityProtocol` follows from `ssl` and `sasl` when it is left out, and may not gainsay them. */
function securityRule({ values, problems }: Draft): void {
  const { ssl, sasl } = values
  const protocol = values.securityProtocol as SecurityProtocol | undefined
  const name = 'securityProtocol (security.protocol)'
  if (protocol === undefined) {
    values.securityProtocol =
      sasl === undefined ? (ssl === undefined ? 'PLAINTEXT' : 'SSL') : ssl === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL'
    return
  }
  if (protocol.startsWith('SASL_') && sasl === undefined) problems.push(`${name} ${protocol} needs the option sasl`)
  if (!protocol.startsWith('SASL_') && sasl !== undefined)
    problems.push(`sasl is given, but ${name} is ${protocol}; it must be SASL_PLAINTEXT or SASL_SSL`)
  if (!protocol.endsWith('SSL') && ssl !== undefined) problems.push(`ssl is given, but ${name} is ${protocol}; it must be SSL or SASL_SSL`)
}

/** Going on without one that cannot be loaded would send unprotected what it was to protect. */
function interceptorClassesRule({ values, problems }: Draft, side: ClientSide): void {
  values.interceptorClasses = loadInterceptorClasses(values.interceptorClasses as readonly InterceptorEntry[], side, problems)
}

/** Java's names: `producer-1`, `producer-<transactional id>`, `consumer-<group>-1`, `consumer-<group>-<instance id>`, `adminclient-1`. */
function generatedClientId(client: Client, { transactionalId, groupId, groupInstanceId }: Values): string {
  if (client === 'producer' && transactionalId !== undefined) return `producer-${transactionalId}`
  const group = client === 'consumer' && groupId !== undefined ? `${groupId}-` : ''
  if (client === 'consumer' && groupInstanceId !== undefined) return `consumer-${group}${groupInstanceId}`
  return `${client === 'admin' ? 'adminclient' : client}-${group}${++clientCounts[client]}`
}

function problemsText(client: Client, problems: readonly string[]): string {
  if (problems.length === 1) return `${classes[client]} options: ${problems[0]}`
  return `${classes[client]} options have ${problems.length} problems:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`
}

/** Both names of an option: `lingerMs (linger.ms)`. */
function nameOf(client: Client, name: string): string {
  const kafkaName = tables[client][name]?.kafkaName
  return kafkaName === undefined || kafkaName === name ? name : `${name} (${kafkaName})`
}

function show(value: unknown, spec: OptionSpec<unknown>): string {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
  if (!spec.shown || kind === 'object' || kind === 'function' || kind === 'symbol') return kind
  if (kind === 'number' || kind === 'boolean' || kind === 'null' || kind === 'bigint') return String(value)
  const text = JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200)}...` : text
}
