import { schemas } from './open-api-schemas.ts'

type Described = Readonly<Record<string, unknown>>

const csvText: Described = { 'text/csv': { schema: { type: 'string' } } }
const fromTo = [
  parameter('from', 'Records from this time on: milliseconds since 1970, now, or before now such as -1h.', false),
  parameter('to', 'Records before this time; the same forms.', false),
]
const topicAndGroup = [pathParameter('topic'), pathParameter('group')]
const kind = [
  {
    name: 'kind',
    in: 'query',
    required: false,
    schema: { $ref: '#/components/schemas/GapKind' },
    description: 'Only ranges of this kind.',
  },
]

/** OpenAPI 3.1 description of the HTTP API. */
export const openApi: Described = {
  openapi: '3.1.0',
  info: {
    title: 'Sluice monitor',
    version: '1',
    description:
      'Which records of which topic and group are missing, doubled or late. Times are milliseconds since 1970, durations milliseconds. ' +
      'Where a token is set, every address but /healthz wants it.',
  },
  servers: [{ url: '/' }],
  security: [{}, { token: [] }],
  paths: {
    '/api/v1/streams': { get: operation('streams', 'One row per topic and group.', fromTo, jsonOf('StreamsAnswer')) },
    '/api/v1/streams.csv': { get: operation('streamsCsv', 'The same as CSV.', fromTo, csvText) },
    '/api/v1/streams/{topic}/{group}/ranges': {
      get: operation(
        'ranges',
        'Exactly which records are missing, redelivered and so on.',
        [...topicAndGroup, ...kind],
        jsonOf('RangesAnswer'),
        [404],
      ),
    },
    '/api/v1/streams/{topic}/{group}/ranges.csv': {
      get: operation('rangesCsv', 'The same as CSV.', [...topicAndGroup, ...kind], csvText, [404]),
    },
    '/api/v1/streams/{topic}/{group}/partitions': {
      get: operation('partitions', 'One row per partition.', topicAndGroup, jsonOf('PartitionsAnswer'), [404]),
    },
    '/api/v1/series': {
      get: operation(
        'series',
        'Delivery and latency over time. Without from and to: the last hour.',
        [
          parameter('topic', 'Topic.', true),
          parameter('group', 'Group.', true),
          ...fromTo,
          parameter('bin', 'Length of a bin, a multiple of 10s; without it, as suits the range.', false),
        ],
        jsonOf('SeriesAnswer'),
        [404],
      ),
    },
    '/api/v1/clients': {
      get: operation('clients', 'Monitored clients, their clocks and their interceptors.', [], jsonOf('ClientsAnswer')),
    },
    '/api/v1/alerts': { get: operation('alerts', 'Rules, alerts that hold now, and those that held.', [], jsonOf('AlertsAnswer')) },
    '/api/v1/status': { get: operation('status', 'How the collector is.', [], jsonOf('StatusAnswer')) },
    '/api/v1/events': {
      get: operation('events', 'Server-sent events: hello on connect, then revision at most once a second, and alert.', [], {
        'text/event-stream': { schema: { type: 'string' } },
      }),
    },
    '/api/v1/reports': {
      post: {
        operationId: 'report',
        summary: 'Takes the report of one monitor() interceptor.',
        requestBody: {
          required: true,
          description: 'A report of version 1, plain or with content-encoding gzip.',
          content: { 'application/json': { schema: { type: 'object', required: ['v', 'session', 'seq', 'client', 'cells'] } } },
        },
        responses: { 204: { description: 'It is stored.' }, ...failures([413, 415]) },
      },
    },
    '/api/v1/openapi.json': {
      get: operation('openApi', 'This description.', [], { 'application/json': { schema: { type: 'object' } } }),
    },
    '/metrics': {
      get: operation('metrics', 'Gauges in the text format of Prometheus.', [], { 'text/plain': { schema: { type: 'string' } } }),
    },
    '/healthz': { get: operation('healthz', 'Answers "ok", also without a token.', [], { 'text/plain': { schema: { type: 'string' } } }) },
  },
  components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
}

function jsonOf(name: string): Described {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } }
}

function parameter(name: string, description: string, required: boolean): Described {
  return { name, in: 'query', required, description, schema: { type: 'string' } }
}

function pathParameter(name: string): Described {
  return { name, in: 'path', required: true, schema: { type: 'string' } }
}

function operation(
  operationId: string,
  summary: string,
  parameters: readonly Described[],
  content: Described,
  more: readonly number[] = [],
): Described {
  return { operationId, summary, parameters, responses: { 200: { description: summary, content }, ...failures(more) } }
}

function failures(more: readonly number[]): Described {
  const meanings: Readonly<Record<number, string>> = {
    400: 'Something asked for is wrong; the answer names it.',
    401: 'A token is set, and was not shown.',
    403: 'Asked by a page of another site, or under a name that is not of this machine.',
    404: 'Nothing is known of this topic and group.',
    413: 'Too large.',
    415: 'Not JSON, or packed by something else than gzip.',
  }
  return Object.fromEntries([400, 401, 403, ...more].map((status) => [status, { description: meanings[status], content: jsonOf('Error') }]))
}
