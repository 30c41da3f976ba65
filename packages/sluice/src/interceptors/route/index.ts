import {
  type Clock,
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  configError,
  interceptorOptions,
  KafkaError,
  type ProducerInterceptor,
  type ProducerRecord,
} from 'sluice'
import { listOption, objectOption, textOption } from '../nested-options.ts'
import { kindOf } from '../option-checks.ts'
import { regexOption, textPattern } from '../text/text-pattern.ts'
import { compileCondition, type RoutableRecord, type RouteCondition } from './rule.ts'
import { isLegalTopic, type TopicTemplate, topicTemplate } from './topic-template.ts'

export type { RoutableRecord, RouteCondition } from './rule.ts'

export interface RouteRule {
  /** Which records it is for. @default all */
  readonly when?: RouteCondition | ((record: RoutableRecord) => boolean)
  /** Where they go: `{topic}.eu`, `{header:tenant}.{topic}`, `{topic}-{yyyyMMdd}`. */
  readonly topic: string
}

export interface RegexRouter {
  /** Must match the whole name of the topic. */
  readonly regex: string | RegExp
  /** The new name; `$1` is the first group, `$<name>` one by name. */
  readonly replacement: string
}

export interface TimestampRouter {
  /** @default {topic}-{yyyyMMdd} */
  readonly topic?: string
}

export interface RouteOptions extends CommonInterceptorOptions {
  /** The first whose `when` holds gives the topic. @default none */
  readonly rules?: readonly RouteRule[]
  /** Renames by a regular expression, after the rules (Connect: RegexRouter). @default none */
  readonly regexRouter?: RegexRouter
  /** Puts the record's time into the name, after the others (Connect: TimestampRouter). @default none */
  readonly timestampRouter?: TimestampRouter
  /** Where dates in names are read on the clock: a zone's name. @default UTC */
  readonly timeZone?: string
  /** The header that keeps the topic from before; empty for none. @default original-topic */
  readonly originalTopicHeader?: string
}

/** Gives the new topic, or the same. */
type Router = (record: ProducerRecord, topic: string, timestamp: number) => string

/**
 * Sends records to other topics than they were given for, by rules, by a regular expression over the topic, and by time. A
 * record that comes again to the topic to which it was routed stays there.
 */
export function route(options: RouteOptions): ProducerInterceptor & ConsumerInterceptor {
  const own = interceptorOptions('route', options, {
    rules: { default: [], check: (value) => (Array.isArray(value) ? null : `must be a list of rules, not ${kindOf(value)}`) },
    regexRouter: { default: undefined, check: objectOrNothing },
    timestampRouter: { default: undefined, check: objectOrNothing },
    timeZone: { default: 'UTC' },
    originalTopicHeader: { default: 'original-topic' },
  })
  const { timeZone, originalTopicHeader } = own
  const common = { onError: 'fail' as const, ...commonOptions('route', options) }
  const guardHeader = `routed-by.${common.name}`
  const loads: (NonNullable<ReturnType<typeof compileCondition>['load']> | undefined)[] = []
  let isDated = false
  let clock: Clock | undefined

  const template = (text: unknown, option: string): TopicTemplate => {
    const made = topicTemplate(textOption(option, text), timeZone, option)
    isDated ||= made.isDated
    return made
  }
  const routers: Router[] = []
  if (own.rules.length > 0) {
    const rules = listOption('route: rules', own.rules).map((given, index) => {
      const option = `route: rules[${index}]`
      const { when, topic } = objectOption<RouteRule>(option, given, ['when', 'topic'])
      const condition = compileCondition(when, `${option}.when`)
      loads.push(condition.load)
      return { holds: condition.holds, template: template(topic, `${option}.topic`), option }
    })
    routers.push((record, topic, timestamp) => {
      for (const rule of rules) if (rule.holds(record)) return named(rule.template, record, topic, timestamp, `${rule.option}.topic`)
      return topic
    })
  }
  if (own.regexRouter !== undefined) {
    const { regex, replacement } = objectOption<RegexRouter>('route: regexRouter', own.regexRouter, ['regex', 'replacement'])
    const problem = regexOption(regex)
    if (problem !== null) throw configError(`route: regexRouter.regex ${problem}`)
    const text = textOption('route: regexRouter.replacement', replacement)
    const pattern = textPattern({ option: 'route: regexRouter.regex', regex, engine: undefined, compat: 'none', whole: true })
    loads.push(pattern.load)
    routers.push((record, topic) =>
      pattern.current.test(topic)
        ? legal(
            pattern.current.replaceAll(topic, { kind: 'template', text }),
            record.topic,
            `regexRouter.replacement ${JSON.stringify(text)}`,
          )
        : topic,
    )
  }
  if (own.timestampRouter !== undefined) {
    const { topic: text = '{topic}-{yyyyMMdd}' } = objectOption<TimestampRouter>('route: timestampRouter', own.timestampRouter, ['topic'])
    const dated = template(text, 'route: timestampRouter.topic')
    routers.push((record, topic, timestamp) => named(dated, record, topic, timestamp, 'route: timestampRouter.topic'))
  }
  if (routers.length === 0) throw configError('route: give rules, regexRouter or timestampRouter')

  return {
    ...common,
    configure(context) {
      clock = context.clock
      const wanted = loads.filter((load) => load !== undefined)
      return wanted.length === 0 ? undefined : Promise.all(wanted.map((load) => load(context))).then(() => {})
    },
    onSend(record) {
      const { headers } = record
      if (headers.has(guardHeader) && headers.getString(guardHeader) === record.topic) return record
      // The topic and the record must tell the same time.
      const timestamp = record.timestamp ?? (isDated ? clock!.now() : 0)
      let { topic } = record
      for (let index = 0; index < routers.length; index++) topic = routers[index]!(record, topic, timestamp)
      if (topic === record.topic) return record
      if (originalTopicHeader !== '') headers.set(originalTopicHeader, record.topic)
      headers.set(guardHeader, topic)
      return isDated ? { ...record, topic, timestamp } : { ...record, topic }
    },
  }
}

function named(template: TopicTemplate, record: ProducerRecord, topic: string, timestamp: number, option: string): string {
  const filled = template.fill(topic === record.topic ? record : { topic, headers: record.headers }, timestamp)
  if (filled === null)
    throw new KafkaError('INVALID_ARGUMENT', `${option}: ${JSON.stringify(template.text)} names a header that the record has not`, {
      topic: record.topic,
    })
  return legal(filled, record.topic, `${option.replace('route: ', '')} ${JSON.stringify(template.text)}`)
}

/** The name itself is not told: it may hold a header's value. */
function legal(name: string, topic: string, pattern: string): string {
  if (isLegalTopic(name)) return name
  const message = `route: ${pattern} gives no legal name of a topic for "${topic}": it must be 1 to 249 of a-z, A-Z, 0-9, ".", "_" and "-"`
  throw new KafkaError('INVALID_ARGUMENT', message, { topic })
}

function objectOrNothing(value: unknown): string | null {
  return value === undefined || (typeof value === 'object' && value !== null) ? null : `must be an object, not ${kindOf(value)}`
}
