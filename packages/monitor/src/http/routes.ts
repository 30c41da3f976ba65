import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GapKind, GapRange } from '../api-types.ts'
import { checkReport, ReportError } from '../ingest/check-report.ts'
import { csv } from './csv.ts'
import type { EventStream } from './event-stream.ts'
import { badParameter, HttpError } from './http-error.ts'
import type { Answer, Handler } from './http-server.ts'
import type { MonitorAnswers, TimeRange } from './monitor-answers.ts'
import { openApi } from './open-api.ts'
import { schemas } from './open-api-schemas.ts'
import { PROMETHEUS_TYPE, prometheusText } from './prometheus.ts'
import { Query } from './query.ts'
import { readJsonBody } from './request-body.ts'

const gapKinds = schemas.GapKind!.enum as readonly GapKind[]
const MAX_BIN_MS = 24 * 3_600_000
const LEAST_BIN_MS = 10_000
/** More bins than any screen has pixels are refused. */
const MAX_BINS = 20_000
const HOUR_MS = 3_600_000

export interface RouteParts {
  readonly answers: MonitorAnswers
  readonly events: EventStream
  /** Answers what no route does: the page's files. */
  readonly page: (request: IncomingMessage, path: string) => Answer
}

interface RouteCall {
  readonly parts: RouteParts
  readonly segments: readonly string[]
  readonly query: Query
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface Route {
  readonly method: 'GET' | 'POST'
  /** `{name}` is any one segment, given in `segments` in order. */
  readonly path: string
  readonly parameters: readonly string[]
  answer(call: RouteCall): Answer | null | Promise<Answer | null>
}

export const routes: readonly Route[] = [
  { method: 'GET', path: '/api/v1/openapi.json', parameters: [], answer: () => json(openApi) },
  {
    method: 'GET',
    path: '/api/v1/streams',
    parameters: ['from', 'to'],
    answer: ({ parts, query }) => json(parts.answers.streams(rangeOf(query, parts.answers.now()))),
  },
  {
    method: 'GET',
    path: '/api/v1/streams.csv',
    parameters: ['from', 'to'],
    answer({ parts, query }) {
      const { streams } = parts.answers.streams(rangeOf(query, parts.answers.now()))
      const rows = streams.map((stream) => streamColumns.map((name) => stream[name]).concat(latencyFields(stream.latency)))
      return csvFile('streams.csv', csv([...streamColumns, 'latencyP50Ms', 'latencyP99Ms', 'latencyErrorMs'], rows))
    },
  },
  {
    method: 'GET',
    path: '/api/v1/streams/{topic}/{group}/ranges',
    parameters: ['kind'],
    answer: ({ parts, segments, query }) => json(rangesOf(parts.answers, segments, query)),
  },
  {
    method: 'GET',
    path: '/api/v1/streams/{topic}/{group}/ranges.csv',
    parameters: ['kind'],
    answer({ parts, segments, query }) {
      const { ranges } = rangesOf(parts.answers, segments, query)
      const [topic, group] = segments
      return csvFile(
        'ranges.csv',
        csv(
          ['topic', 'group', ...rangeColumns],
          ranges.map((range) => [topic, group, ...rangeColumns.map((name) => range[name])]),
        ),
      )
    },
  },
  {
    method: 'GET',
    path: '/api/v1/streams/{topic}/{group}/partitions',
    parameters: [],
    answer: ({ parts, segments: [topic, group] }) => json(found(parts.answers.partitions(topic!, group!), topic!, group!)),
  },
  {
    method: 'GET',
    path: '/api/v1/series',
    parameters: ['topic', 'group', 'from', 'to', 'bin'],
    answer({ parts, query }) {
      const topic = query.required('topic')
      const group = query.required('group')
      const now = parts.answers.now()
      const range = rangeOf(query, now) ?? { from: now - HOUR_MS, to: now }
      const bin = query.duration('bin')
      if (bin !== undefined) {
        if (bin % LEAST_BIN_MS !== 0 || bin > MAX_BIN_MS) throw badParameter('bin', 'must be a multiple of 10 seconds, a day at most')
        if ((range.to - range.from) / bin > MAX_BINS) throw badParameter('bin', `makes more than ${MAX_BINS} bins of this range`)
      }
      return json(found(parts.answers.series({ topic, group, ...range, bin }), topic, group))
    },
  },
  { method: 'GET', path: '/api/v1/clients', parameters: [], answer: ({ parts }) => json(parts.answers.clients()) },
  { method: 'GET', path: '/api/v1/alerts', parameters: [], answer: ({ parts }) => json(parts.answers.alerts()) },
  { method: 'GET', path: '/api/v1/status', parameters: [], answer: ({ parts }) => json(parts.answers.status()) },
  {
    method: 'GET',
    path: '/api/v1/events',
    parameters: [],
    answer({ parts, response }) {
      if (!parts.events.open(response)) throw new HttpError(503, 'too many pages are open')
      return null
    },
  },
  {
    method: 'POST',
    path: '/api/v1/reports',
    parameters: [],
    async answer({ parts, request }) {
      const body = await readJsonBody(request)
      try {
        await parts.answers.take(checkReport(body))
      } catch (error) {
        if (error instanceof ReportError) throw new HttpError(400, error.message, error.field)
        throw error
      }
      return { status: 204, type: 'application/json', body: '' }
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    parameters: [],
    answer: ({ parts }) => ({ type: PROMETHEUS_TYPE, body: prometheusText(parts.answers) }),
  },
  { method: 'GET', path: '/healthz', parameters: [], answer: () => ({ type: 'text/plain; charset=utf-8', body: 'ok\n' }) },
]

const table = routes.map((route) => ({ route, segments: route.path.split('/') }))

/** Finds the route of a request; what is under no route is the page's. */
export function requestHandler(parts: RouteParts): Handler {
  return async (request, response, path, parameters) => {
    const given = path.split('/')
    const method = request.method === 'HEAD' ? 'GET' : request.method
    let known: string | undefined
    for (const { route, segments } of table) {
      const values = match(segments, given)
      if (values === undefined) continue
      known = route.method
      if (route.method !== method) continue
      const query = new Query(parameters, parts.answers.now(), route.parameters)
      return route.answer({ parts, segments: values, query, request, response })
    }
    if (known !== undefined || (method !== 'GET' && !path.startsWith('/api/'))) {
      response.setHeader('allow', known === 'POST' ? 'POST' : 'GET, HEAD')
      throw new HttpError(405, `${request.method} is not allowed here`)
    }
    if (path.startsWith('/api/')) throw new HttpError(404, 'there is no such address; /api/v1/openapi.json lists those that are')
    return parts.page(request, path)
  }
}

/** The values of `{name}` segments, or undefined when the path is another one. */
function match(segments: readonly string[], given: readonly string[]): string[] | undefined {
  if (segments.length !== given.length) return undefined
  const values: string[] = []
  for (const [index, segment] of segments.entries()) {
    if (!segment.startsWith('{')) {
      if (segment !== given[index]) return undefined
      continue
    }
    try {
      values.push(decodeURIComponent(given[index]!))
    } catch {
      throw badParameter(segment.slice(1, -1), 'is not percent-encoded UTF-8')
    }
  }
  return values
}

function rangeOf(query: Query, now: number): TimeRange | undefined {
  const from = query.time('from')
  const to = query.time('to')
  if (from === undefined && to === undefined) return undefined
  const range = { from: from ?? 0, to: to ?? now }
  if (range.from >= range.to) throw badParameter('from', 'must be before to')
  return range
}

function rangesOf(answers: MonitorAnswers, [topic, group]: readonly string[], query: Query) {
  const kind = query.oneOf('kind', gapKinds)
  return found(answers.ranges(topic!, group!, kind), topic!, group!)
}

function found<T>(answer: T | undefined, topic: string, group: string): T {
  if (answer === undefined) throw new HttpError(404, `nothing is known of topic "${topic}" and group "${group}"`)
  return answer
}

function json(value: unknown): Answer {
  return { type: 'application/json', body: JSON.stringify(value) }
}

function csvFile(name: string, body: string): Answer {
  return { type: 'text/csv; charset=utf-8', body, headers: { 'content-disposition': `attachment; filename="${name}"` } }
}

const streamColumns = [
  'topic',
  'group',
  'produced',
  'consumed',
  'missing',
  'redelivered',
  'replayed',
  'expired',
  'filtered',
  'lag',
  'lagMs',
  'trend',
  'unattributed',
  'unverified',
  'overwritten',
  'coverage',
  'producedPerSec',
  'consumedPerSec',
] as const

const rangeColumns = [
  'kind',
  'partition',
  'first',
  'last',
  'count',
  'by',
  'window',
  'foundAt',
] as const satisfies readonly (keyof GapRange)[]

function latencyFields(latency: { readonly p50: number; readonly p99: number; readonly errorMs: number } | null): (number | null)[] {
  return latency === null ? [null, null, null] : [latency.p50, latency.p99, latency.errorMs]
}
