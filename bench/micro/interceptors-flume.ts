import { type ProducerInterceptor, RecordHeaders, silentLogger } from 'sluice'
import {
  hostHeader,
  regexExtractor,
  regexFilter,
  removeHeader,
  searchReplace,
  staticHeader,
  timestampHeader,
  uuidHeader,
} from 'sluice/interceptors'
import { systemClock } from '../../packages/sluice/src/clock.ts'
import type { ProducerRecord } from '../../packages/sluice/src/record/producer-record.ts'
import type { MicroBody, MicroCase } from '../micro-case.ts'

const ROUND = 64

/** Log lines of some 80 bytes, every fourth an error. */
const lines = Array.from(
  { length: ROUND },
  (_, n) =>
    `[Sun Dec 04 04:${10 + (n % 50)}:44 2005] [${n % 4 === 0 ? 'error' : 'notice'}] jk2_init() Found child ${6725 + n} in scoreboard slot ${n}`,
)

/** `onSend` alone, of a record with headers of its own, against the making of that record. */
function onSend(interceptor: ProducerInterceptor, value: (n: number) => unknown = (n) => lines[n % ROUND]): Promise<MicroBody> {
  return prepared(interceptor, () => {
    const recordOf = (n: number): ProducerRecord => ({
      topic: 'logs',
      partition: undefined,
      key: null,
      value: value(n),
      timestamp: undefined,
      headers: new RecordHeaders().add('trace', 'abc').add('internal-route', 'x'),
    })
    const context = { state: undefined, signal: new AbortController().signal }
    return { record: (n) => interceptor.onSend!(recordOf(n), context), baseline: recordOf }
  })
}

async function prepared(interceptor: ProducerInterceptor, make: () => MicroBody): Promise<MicroBody> {
  await interceptor.configure?.({ clientId: 'bench', groupId: undefined, options: {}, logger: silentLogger, clock: systemClock })
  return make()
}

const buffers = lines.map((line) => Buffer.from(line))
const bytes = (n: number): Buffer => buffers[n % ROUND]!

const EXTRACT = { regex: '^\\[([^\\]]+)\\] \\[(\\w+)\\] ' }
const levels = [{ name: 'time' }, { name: 'level' }]
const millis = [{ name: 'time', type: 'millis', pattern: 'EEE MMM dd HH:mm:ss yyyy' }, { name: 'level' }]

/** What each of Flume's interceptors costs beside the chain. */
export const cases: readonly MicroCase[] = [
  { name: 'interceptors-flume/timestamp-header', about: 'timestampHeader', setUp: () => onSend(timestampHeader()) },
  { name: 'interceptors-flume/host-header', about: 'hostHeader', setUp: () => onSend(hostHeader()) },
  { name: 'interceptors-flume/static-header', about: 'staticHeader', setUp: () => onSend(staticHeader()) },
  { name: 'interceptors-flume/uuid-header', about: 'uuidHeader, version 4', setUp: () => onSend(uuidHeader()) },
  { name: 'interceptors-flume/uuid-header-7', about: 'uuidHeader, version 7', setUp: () => onSend(uuidHeader({ version: 7 })) },
  {
    name: 'interceptors-flume/remove-header',
    about: 'removeHeader by a pattern, one of two headers goes',
    setUp: () => onSend(removeHeader({ matching: 'internal-.*' })),
  },
  {
    name: 'interceptors-flume/regex-filter',
    about: 'regexFilter with RE2 over text, a quarter passes',
    setUp: () => onSend(regexFilter({ regex: '^\\[.*\\] \\[error\\]', engine: 're2' })),
  },
  {
    name: 'interceptors-flume/regex-filter-bytes',
    about: 'the same over bytes',
    setUp: () => onSend(regexFilter({ regex: '^\\[.*\\] \\[error\\]', engine: 're2' }), bytes),
  },
  {
    name: 'interceptors-flume/regex-filter-javascript',
    about: "the same over text with JavaScript's engine",
    setUp: () => onSend(regexFilter({ regex: '^\\[.*\\] \\[error\\]', engine: 'javascript' })),
  },
  {
    name: 'interceptors-flume/regex-filter-flume',
    about: "the same over text with Java's meaning",
    setUp: () => onSend(regexFilter({ regex: '^\\[.*\\] \\[error\\]', compat: 'flume' })),
  },
  {
    name: 'interceptors-flume/search-replace',
    about: 'searchReplace with RE2 over text, one place each',
    setUp: () => onSend(searchReplace({ searchPattern: 'child \\d+', replaceString: 'child -', engine: 're2' })),
  },
  {
    name: 'interceptors-flume/search-replace-javascript',
    about: "the same with JavaScript's engine",
    setUp: () => onSend(searchReplace({ searchPattern: 'child \\d+', replaceString: 'child -', engine: 'javascript' })),
  },
  {
    name: 'interceptors-flume/regex-extractor',
    about: 'regexExtractor with RE2, two headers',
    setUp: () => onSend(regexExtractor({ ...EXTRACT, serializers: levels, engine: 're2' })),
  },
  {
    name: 'interceptors-flume/regex-extractor-javascript',
    about: "the same with JavaScript's engine",
    setUp: () => onSend(regexExtractor({ ...EXTRACT, serializers: levels, engine: 'javascript' })),
  },
  {
    name: 'interceptors-flume/regex-extractor-millis',
    about: "the same with JavaScript's engine, one of them a date",
    setUp: () => onSend(regexExtractor({ ...EXTRACT, serializers: millis, engine: 'javascript' })),
  },
]
