import { configError } from 'sluice'
import { jodaReader } from './joda-reader.ts'
import { systemOffset, zoneOf } from './time-zone.ts'

/** Makes a header's value of a group's text. What it throws is dealt with as `onSerializerError` says. */
export type SerializeFunction = (value: string) => string

/** A serializer as an object, or a class of such (Flume: RegexExtractorInterceptorSerializer). */
export interface GroupSerializer {
  serialize(value: string): string
  /** Called once with what else stands beside `name` and `type`. */
  configure?(settings: Readonly<Record<string, unknown>>): void
}

export interface GroupSerializerInit {
  /** The header that is written. */
  readonly name: string
  /**
   * `default` writes the text as it is; `millis` reads a date and writes milliseconds since 1970; or one of your own.
   * Flume's class names and `DEFAULT` are known too. @default default
   */
  readonly type?: 'default' | 'millis' | (string & {}) | SerializeFunction | GroupSerializer | (new () => GroupSerializer)
  /** For `millis`: what the text looks like, as a pattern of Joda-Time. */
  readonly pattern?: string
  /** For `millis`: the zone of a text that names none, as Europe/Berlin. @default the process's zone, as in Flume */
  readonly timeZone?: string
  readonly [setting: string]: unknown
}

export interface NamedSerializer {
  readonly header: string
  readonly serialize: SerializeFunction
}

const FLUME_PACKAGE = 'org.apache.flume.interceptor.'
const TYPES: ReadonlyMap<string, 'default' | 'millis'> = new Map([
  ['default', 'default'],
  ['DEFAULT', 'default'],
  [`${FLUME_PACKAGE}RegexExtractorInterceptorPassThroughSerializer`, 'default'],
  ['millis', 'millis'],
  [`${FLUME_PACKAGE}RegexExtractorInterceptorMillisSerializer`, 'millis'],
])

/** The serializers in group order, from a list or from Flume's names with their properties. Throws CONFIG for what is wrong. */
export function serializersOf(
  init: string | readonly GroupSerializerInit[] | undefined,
  properties: Readonly<Record<string, unknown>>,
): NamedSerializer[] {
  if (init === undefined || init.length === 0) throw configError('serializers must name at least one serializer: [{ name: "header" }]')
  return typeof init === 'string'
    ? namesIn(init).map((name) => named(propertiesOf(name, properties), `serializers.${name}`))
    : init.map((one, index) => named(one, `serializers[${index}]`))
}

/** As `split("\\s+")` in Java, which leaves out empty parts at the end: a properties file keeps blanks there. */
function namesIn(text: string): string[] {
  const names = text.replace(/[ \t-\r]+$/, '').split(/[ \t-\r]+/)
  if (names.join('') === '') throw configError('serializers must name at least one serializer: "s1 s2"')
  return names
}

/** `serializers.s1.name` and the like, without the part before. */
function propertiesOf(name: string, properties: Readonly<Record<string, unknown>>): GroupSerializerInit {
  const start = `serializers.${name}.`
  const own = Object.entries(properties).filter(([key]) => key.startsWith(start))
  return Object.fromEntries(own.map(([key, value]) => [key.slice(start.length), value])) as unknown as GroupSerializerInit
}

function named(init: GroupSerializerInit, where: string): NamedSerializer {
  if (typeof init !== 'object' || init === null)
    throw configError(`${where} must be an object with a name, not ${init === null ? 'null' : typeof init}`)
  if (typeof init.name !== 'string' || init.name === '') throw configError(`${where} needs a name, which is the header to write`)
  return { header: init.name, serialize: serializeOf(init, where) }
}

function serializeOf(init: GroupSerializerInit, where: string): SerializeFunction {
  const { type = 'default' } = init
  if (typeof type === 'string') {
    switch (TYPES.get(type)) {
      case 'default':
        return (value) => value
      case 'millis':
        return millis(init, where)
      default:
        throw configError(
          `${where}: type must be "default", "millis", a function, or an object or class with serialize, not ${JSON.stringify(type)}`,
        )
    }
  }
  if (typeof type === 'function' && typeof type.prototype?.serialize !== 'function') return type as SerializeFunction
  const serializer = typeof type === 'function' ? new (type as new () => GroupSerializer)() : type
  if (typeof serializer?.serialize !== 'function') throw configError(`${where}: type is an object without a serialize function`)
  const { name: _name, type: _type, ...settings } = init
  serializer.configure?.(settings)
  return (value) => serializer.serialize(value)
}

function millis({ pattern, timeZone }: GroupSerializerInit, where: string): SerializeFunction {
  if (typeof pattern !== 'string' || pattern === '') throw configError(`${where}: type "millis" needs a pattern, as yyyy-MM-dd HH:mm:ss`)
  const zone = timeZone === undefined ? systemOffset : zoneOf(timeZone)
  if (zone === null) throw configError(`${where}: timeZone must be one that is known, as Europe/Berlin, not ${JSON.stringify(timeZone)}`)
  const read = readerOf(pattern, where, zone)
  return (value) => {
    // A group that took no part, with compat: 'flume'.
    if (value === null) throw configError(`${where}: there is no text to read`)
    const time = read(value)
    if (time === null) throw configError(`${where}: the text is no date of the form ${pattern}`)
    return String(time)
  }
}

function readerOf(pattern: string, where: string, zone: Parameters<typeof jodaReader>[1]): ReturnType<typeof jodaReader> {
  try {
    return jodaReader(pattern, zone)
  } catch (error) {
    throw configError(`${where}: pattern ${JSON.stringify(pattern)}: ${(error as Error).message}`)
  }
}
