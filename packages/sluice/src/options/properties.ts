import { configError } from '../errors.ts'
import { nearName } from '../near-name.ts'
import { bufferDeserializer, bufferSerializer, stringDeserializer, stringSerializer } from '../record/serdes.ts'
import { adminOptions } from './admin-options.ts'
import { type ConsumerOptions, consumerOptions } from './consumer-options.ts'
import type { AnyOptionTable, OptionSpec } from './option-table.ts'
import { type ProducerOptions, producerOptions } from './producer-options.ts'
import { takeInterceptors } from './properties-interceptors.ts'
import { takeSasl, takeSsl } from './properties-security.ts'
import { parseProperties } from './properties-text.ts'
import { fromPropertiesMark } from './resolve-options.ts'

/** Options read from Java's configuration. Spread it into a client's options: `{ ...fromProperties(text), valueSerializer }`. */
export type PropertiesOptions = Omit<ProducerOptions & ConsumerOptions, 'bootstrapServers'> & {
  readonly bootstrapServers: readonly string[]
  /** Names that have no counterpart here and were left out, as Java would warn of unknown ones. Not enumerable: a spread leaves it behind. */
  readonly unused: readonly string[]
}

/** Java's serializer classes that ours stand for; `Serializer` here, `Deserializer` for reading. */
const serializers: Readonly<Record<string, 'string' | 'buffer'>> = {
  String: 'string',
  ByteArray: 'buffer',
  ByteBuffer: 'buffer',
  Bytes: 'buffer',
}

const assignors: Readonly<Record<string, string>> = {
  RangeAssignor: 'range',
  RoundRobinAssignor: 'roundrobin',
  CooperativeStickyAssignor: 'cooperative-sticky',
}

/**
 * Java's names of which Sluice has no option: they are collected in `unused`. Listed, so that none is taken for a slip of
 * the pen. Families first, as prefixes.
 */
const javaFamilies = ['ssl.', 'sasl.', 'metric.', 'metrics.', 'schema.registry.', 'confluent.', 'config.', 'share.']
const javaNames = new Set([
  'auto.include.jmx.reporter',
  'client.dns.lookup',
  'enable.metrics.push',
  'group.remote.assignor',
  'security.providers',
])

/**
 * Reads the configuration of a Java client: the text of a .properties file, or an object with the dotted names. The
 * result goes to `KafkaProducer`, `KafkaConsumer` or `KafkaAdmin`, which take what is theirs.
 *
 * A name that looks like a slip of the pen throws CONFIG with the near name; other unknown names are collected in
 * `unused`. `interceptor.classes` becomes `interceptorClasses`: names of ready-made interceptors, module paths and packages;
 * `interceptor.<name>.<option>` are their options. Of serializer classes those for
 * strings and bytes are known; put your own in place of another, which the client refuses. Security: `sasl.mechanism` and `sasl.jaas.config`, `ssl.*` with PEM or PKCS12 stores.
 * Values are checked by the client they are given to.
 */
export function fromProperties(source: string | Readonly<Record<string, unknown>>): PropertiesOptions {
  const entries = typeof source === 'string' ? parseProperties(source) : fromObject(source)
  const options: Record<string | symbol, unknown> = { [fromPropertiesMark]: true }
  const unused: string[] = []
  const problems: string[] = []
  const rows = rowsByKafkaName()
  for (const [name, read] of [
    ['sasl', takeSasl],
    ['ssl', takeSsl],
  ] as const) {
    try {
      const value = read(entries)
      if (value !== undefined) options[name] = value
    } catch (error) {
      problems.push((error as Error).message)
    }
  }
  // Java reads ssl.* and sasl.* only if the protocol says so.
  const protocol = entries.get('security.protocol')?.trim().toUpperCase() ?? 'PLAINTEXT'
  if (!protocol.endsWith('SSL')) delete options.ssl
  if (!protocol.startsWith('SASL_')) delete options.sasl

  const interceptors = takeInterceptors(entries, problems)
  if (interceptors !== undefined) options.interceptorClasses = interceptors

  for (const [kafkaName, value] of entries) {
    const row = rows.get(kafkaName)
    if (row === undefined) {
      const near = isJavas(kafkaName) ? undefined : nearName(kafkaName, rows.keys())
      if (near === undefined) unused.push(kafkaName)
      else problems.push(`unknown property ${JSON.stringify(kafkaName)}; did you mean "${near}"?`)
      continue
    }
    const converted = convert(kafkaName, value, row.spec)
    if (converted === undefined) unused.push(kafkaName)
    else options[row.name] = converted
  }
  if (problems.length > 0) throw configError(`properties: ${problems.join('; ')}`)
  Object.defineProperty(options, 'unused', { value: Object.freeze(unused), enumerable: false })
  return options as unknown as PropertiesOptions
}

function convert(kafkaName: string, value: string, spec: OptionSpec<unknown>): unknown {
  const serializer = /^(?:key|value)\.(de)?serializer$/.exec(kafkaName)
  if (serializer !== null) return serializerOf(value, serializer[1] !== undefined)
  if (kafkaName === 'partition.assignment.strategy') {
    return value
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')
      .map((one) => assignors[one.slice(one.lastIndexOf('.') + 1)] ?? one)
  }
  // Java's way to leave these unset.
  if (value.trim() === '' && (spec.default === undefined || spec.type === 'string') && kafkaName !== 'bootstrap.servers') return undefined
  return spec.fromText?.(value)
}

function serializerOf(className: string, isDeserializer: boolean): unknown {
  const match = /(?:^|\.)(\w+?)(?:S|Des)erializer$/.exec(className.trim())
  const kind = serializers[match?.[1] ?? '']
  // Left as it is: the client that uses it refuses the name, unless the application puts a serializer of its own in its place.
  if (kind === undefined) return className.trim()
  if (isDeserializer) return kind === 'string' ? stringDeserializer : bufferDeserializer
  return kind === 'string' ? stringSerializer : bufferSerializer
}

function rowsByKafkaName(): Map<string, { name: string; spec: OptionSpec<unknown> }> {
  const rows = new Map<string, { name: string; spec: OptionSpec<unknown> }>()
  for (const table of [producerOptions, consumerOptions, adminOptions] as readonly AnyOptionTable[]) {
    for (const [name, spec] of Object.entries(table)) if (spec.kafkaName !== undefined) rows.set(spec.kafkaName, { name, spec })
  }
  return rows
}

function fromObject(source: Readonly<Record<string, unknown>>): Map<string, string> {
  if (typeof source !== 'object' || source === null)
    throw configError(`fromProperties takes a text or an object, not ${source === null ? 'null' : typeof source}`)
  const entries = new Map<string, string>()
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined || value === null) continue
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) entries.set(name, value.join(','))
    else if (['string', 'number', 'boolean', 'bigint'].includes(typeof value)) entries.set(name, String(value))
    else throw configError(`properties: ${name} must be a string, a number, a boolean or a list of strings, not ${typeof value}`)
  }
  return entries
}

function isJavas(kafkaName: string): boolean {
  return javaNames.has(kafkaName) || javaFamilies.some((family) => kafkaName.startsWith(family))
}
