// The answers of api-types.ts as JSON Schema 2020-12, for the OpenAPI description. A test holds every answer against them.

type Schema = Readonly<Record<string, unknown>>

const count: Schema = { type: 'integer', minimum: 0 }
const whole: Schema = { type: 'integer' }
const real: Schema = { type: 'number' }
const text: Schema = { type: 'string' }
const flag: Schema = { type: 'boolean' }
const time: Schema = { type: 'number', description: 'Milliseconds since 1970.' }
const share: Schema = { type: 'number', minimum: 0, maximum: 1 }

function described(schema: Schema, description: string): Schema {
  return { ...schema, description }
}

function orNull(schema: Schema): Schema {
  return { oneOf: [schema, { type: 'null' }] }
}

function listOf(items: Schema): Schema {
  return { type: 'array', items }
}

function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

function object(properties: Readonly<Record<string, Schema>>, optional: Readonly<Record<string, Schema>> = {}): Schema {
  return { type: 'object', properties: { ...properties, ...optional }, required: Object.keys(properties), additionalProperties: false }
}

export const schemas: Readonly<Record<string, Schema>> = {
  StreamsAnswer: object({ revision: count, now: time, streams: listOf(ref('StreamRow')) }),
  StreamRow: object({
    topic: text,
    group: described(orNull(text), 'Null for a topic that is written and that no group has been seen to read.'),
    produced: described(count, 'Acknowledged to monitored producers, in the range asked for.'),
    consumed: described(count, 'Different offsets that the applications of the group got.'),
    missing: described(count, 'Committed past and never given out.'),
    redelivered: count,
    replayed: count,
    expired: described(count, 'Removed by retention before the group read them.'),
    filtered: described(count, 'Taken out by interceptors.'),
    lag: described(count, 'Acknowledged, and not reached by the group yet.'),
    lagMs: described(real, 'Age of the oldest record of the lag.'),
    trend: { type: 'string', enum: ['growing', 'shrinking', 'steady'] },
    unattributed: described(count, 'Given out, from producers without a monitor.'),
    unverified: described(count, 'Committed by a consumer that died before it told what it had given out.'),
    overwritten: described(count, 'The same offset acknowledged to two sends: the log was truncated.'),
    coverage: described(orNull(share), 'Records of monitored producers among all that were read.'),
    producedPerSec: real,
    consumedPerSec: real,
    latency: orNull(ref('LatencySummary')),
    recent: described(listOf(orNull(share)), 'Delivered share by window, oldest first.'),
  }),
  LatencySummary: described(
    object({ p50: real, p90: real, p99: real, max: real, errorMs: described(real, 'How far the clocks may make these wrong.') }),
    'Milliseconds.',
  ),
  RangesAnswer: object({ revision: count, ranges: listOf(ref('GapRange')) }),
  GapKind: {
    type: 'string',
    enum: ['missing', 'pending', 'expired', 'redelivered', 'replayed', 'unattributed', 'unverified', 'overwritten', 'filtered'],
  },
  GapRange: object(
    {
      kind: ref('GapKind'),
      partition: count,
      first: described(count, 'First offset.'),
      last: described(count, 'Last offset, included.'),
      count,
    },
    {
      by: described(text, 'Of filtered: by which interceptor and why.'),
      window: described(time, 'When the window of these records began.'),
      foundAt: time,
    },
  ),
  SeriesAnswer: object({ revision: count, bin: described(count, 'Milliseconds.'), bins: listOf(ref('SeriesBin')) }),
  SeriesBin: object(
    {
      time,
      expected: count,
      consumed: count,
      missing: count,
      pending: count,
      redelivered: count,
      latency: orNull(ref('LatencySummary')),
      process: orNull(ref('LatencySummary')),
      partial: described(flag, 'A client died in this window: its last report may be missing.'),
    },
    {
      lag: described(orNull(count), 'Records that the group had not reached at the end of this bin.'),
      lagMs: described(orNull(real), 'Age of the oldest of them.'),
    },
  ),
  PartitionsAnswer: object(
    { revision: count, partitions: listOf(ref('PartitionRow')) },
    { windowMs: described(real, 'How long each window of recentLag is.'), until: described(time, 'When the last one ends.') },
  ),
  PartitionRow: object({
    partition: count,
    end: whole,
    committed: whole,
    lag: count,
    lagMs: real,
    missing: count,
    redelivered: count,
    owner: described(orNull(text), 'The session that reads it.'),
    recentLag: listOf(orNull(real)),
  }),
  ClientsAnswer: object({ revision: count, clients: listOf(ref('ClientRow')) }),
  ClientRow: object({
    session: text,
    role: { type: 'string', enum: ['producer', 'consumer'] },
    clientId: text,
    groupId: orNull(text),
    app: orNull(text),
    host: text,
    library: text,
    version: text,
    startedAt: time,
    lastReportAt: time,
    state: { type: 'string', enum: ['live', 'closed', 'dead'] },
    clockOffsetMs: described(orNull(real), "Ahead of the broker's clock."),
    clockErrorMs: orNull(real),
    droppedCells: count,
    selfNs: real,
    chain: listOf(ref('InterceptorRow')),
  }),
  InterceptorRow: object({
    name: text,
    calls: count,
    errors: count,
    dropped: count,
    state: { type: 'string', enum: ['on', 'off', 'trying'] },
    meanNs: real,
    maxNs: real,
  }),
  AlertsAnswer: object({
    revision: count,
    rules: listOf(ref('AlertRule')),
    active: listOf(ref('AlertRow')),
    history: listOf(ref('AlertRow')),
  }),
  AlertRule: object(
    {
      name: text,
      metric: {
        type: 'string',
        enum: ['missing', 'expired', 'redeliveredShare', 'lagMs', 'p99', 'coverage', 'clockOffsetMs', 'deadClients'],
      },
    },
    { above: real, below: real, topic: text, group: text, forMs: real },
  ),
  AlertRow: object({
    id: text,
    rule: text,
    topic: orNull(text),
    group: orNull(text),
    value: real,
    since: time,
    until: orNull(time),
    ranges: listOf(ref('GapRange')),
  }),
  StatusAnswer: object({
    revision: count,
    now: time,
    source: described(text, 'Where reports come from.'),
    reports: count,
    lastReportAt: orNull(time),
    sessions: object({ live: count, closed: count, dead: count }),
    unmonitoredGroups: described(listOf(text), 'Groups that commit, yet have no monitored consumer.'),
    problems: listOf(text),
  }),
  Error: object({ error: text }, { parameter: described(text, 'What is wrong, by name.') }),
}
