import { randomUUID } from 'node:crypto'
import { type Clock, KafkaError, type Logger } from 'sluice'
import type { RedisConnection } from '../redis/redis-client.ts'
import { messageOf } from '../redis/redis-gate.ts'
import { within } from '../redis/within.ts'
import { LatencyHistogram, type LatencySummary } from './latency-histogram.ts'
import type { TopicLatencies } from './topic-latencies.ts'

/** The names of what is written. The first, third and fourth are those of the course example. */
export interface LatencyKeys {
  /** Records that brokers have acknowledged. @default totalSentMessage */
  readonly sent: string
  /** Latencies that are in the sum. @default totalMeasuredMessage */
  readonly measured: string
  /** Their sum in milliseconds. @default totalLatency */
  readonly latency: string
  /** The sum divided by their number. @default avgLatency */
  readonly average: string
  /** A hash with the histograms; `:` and the group follow. @default latencyHistogram */
  readonly histogram: string
  /** What is written already, so that nothing is counted twice; `:` and a random id follow. @default latencyWriter */
  readonly writer: string
}

export const defaultKeys: LatencyKeys = {
  sent: 'totalSentMessage',
  measured: 'totalMeasuredMessage',
  latency: 'totalLatency',
  average: 'avgLatency',
  histogram: 'latencyHistogram',
  writer: 'latencyWriter',
}

/** What all processes wrote together. */
export interface StoredLatency {
  readonly sent: number
  /** What the classic keys tell: every group together. */
  readonly measured: number
  readonly latencyMs: number
  readonly averageMs: number | null
  /** Of this interceptor's group. */
  readonly consumed: LatencySummary
  readonly handled: LatencySummary
}

export type Stage = 'consumed' | 'handled'
const STAGES: readonly Stage[] = ['consumed', 'handled']

/** A writer that comes back within this time does not count twice what it wrote. */
const WRITER_TTL_MS = 86_400_000

/**
 * Adds to the sums, once for each number of each writer: a write whose answer was lost may be repeated. What cannot be
 * added to is found before anything is written, as Redis undoes nothing.
 */
const ADD = `
local last = redis.call('GET', KEYS[1])
if last and tonumber(last) >= tonumber(ARGV[1]) then return 0 end
for i = 2, 5 do
  local kind = redis.call('TYPE', KEYS[i]).ok
  if kind ~= 'none' and (kind ~= 'string' or not tonumber(redis.call('GET', KEYS[i]))) then
    return redis.error_reply('ERR ' .. KEYS[i] .. ' holds something else than a number')
  end
end
local kind = redis.call('TYPE', KEYS[6]).ok
if kind ~= 'none' and kind ~= 'hash' then return redis.error_reply('ERR ' .. KEYS[6] .. ' holds something else than a hash') end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if ARGV[3] ~= '0' then redis.call('INCRBY', KEYS[2], ARGV[3]) end
if ARGV[4] ~= '0' then
  local measured = redis.call('INCRBY', KEYS[3], ARGV[4])
  local latency = redis.call('INCRBYFLOAT', KEYS[4], ARGV[5])
  redis.call('SET', KEYS[5], string.format('%.3f', tonumber(latency) / measured))
end
for i = 6, #ARGV, 3 do
  if ARGV[i] == '+' then redis.call('HINCRBY', KEYS[6], ARGV[i + 1], ARGV[i + 2])
  else
    local held = tonumber(redis.call('HGET', KEYS[6], ARGV[i + 1]) or '')
    local new = tonumber(ARGV[i + 2])
    if not held or (ARGV[i] == '<' and new < held) or (ARGV[i] == '>' and new > held) then
      redis.call('HSET', KEYS[6], ARGV[i + 1], ARGV[i + 2])
    end
  end
end
return 1`

export interface RedisTotalsParts {
  readonly keys: LatencyKeys
  /** Whose latencies go into the classic keys. */
  readonly average: Stage
  readonly timeoutMs: number
  /** What is counted in this process by now. */
  readonly current: () => TopicLatencies
}

/** What it works with while clients live. */
export interface RedisTotalsLife {
  readonly connection: RedisConnection
  readonly clock: Clock
  readonly logger: Logger
  /** Known once a consumer is there. */
  readonly group: () => string | undefined
}

/** Writes what has come since the last time as increments, all of it in one command. While Redis is away the sums just grow. */
export class RedisTotals {
  readonly #parts: RedisTotalsParts
  readonly #writer: string
  #life: RedisTotalsLife | null = null
  #number = 0
  /** Of what the last batch was made. */
  #sent = 0
  readonly #histograms: Record<Stage, LatencyHistogram> = { consumed: new LatencyHistogram(), handled: new LatencyHistogram() }
  /** A batch whose write is not confirmed. It stays as it is, for it may have been carried out. */
  #batch: readonly (string | number)[] | null = null
  #writing: Promise<boolean> | null = null
  #isAway = false

  constructor(parts: RedisTotalsParts) {
    this.#parts = parts
    this.#writer = `${parts.keys.writer}:${randomUUID()}`
  }

  /** What was written in an earlier life is not written again. */
  begin(life: RedisTotalsLife): void {
    this.#life = life
  }

  end(): void {
    this.#life = null
  }

  /** Writes what there is; false when Redis did not take it. Never rejects. A call during another waits for that. */
  write(): Promise<boolean> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null
    })
    return this.#writing
  }

  /** Writes all that is counted when it is called. Never rejects. */
  async writeAll(): Promise<boolean> {
    // The first may be one that is under way, or a batch from before.
    return (await this.write()) && (await this.write())
  }

  async read(): Promise<StoredLatency> {
    if (this.#life === null)
      throw new KafkaError('ILLEGAL_STATE', 'latency: what is stored can be read while a client of this interceptor lives')
    const { connection, clock } = this.#life
    const { client } = connection
    const { keys, timeoutMs } = this.#parts
    const calls = Promise.all([
      client.call('GET', keys.sent),
      client.call('GET', keys.measured),
      client.call('GET', keys.latency),
      client.call('HGETALL', this.#histogramKey),
    ])
    const [sent, measured, latencyMs, hash] = await within(calls, timeoutMs, clock, 'Redis')
    const fields = fieldsOf(hash)
    const count = Number(measured ?? 0)
    return {
      sent: Number(sent ?? 0),
      measured: count,
      latencyMs: Number(latencyMs ?? 0),
      averageMs: count === 0 ? null : Number(latencyMs ?? 0) / count,
      consumed: histogramOf('consumed', fields).summary(),
      handled: histogramOf('handled', fields).summary(),
    }
  }

  get #histogramKey(): string {
    return `${this.#parts.keys.histogram}:${this.#life?.group() ?? ''}`
  }

  async #write(): Promise<boolean> {
    if (this.#life === null) return false
    const { connection, clock, logger } = this.#life
    const { sent, measured, latency, average } = this.#parts.keys
    this.#batch ??= this.#nextBatch()
    if (this.#batch === null) return true
    const keys = [this.#writer, sent, measured, latency, average, this.#histogramKey]
    try {
      await within(connection.client.call('EVAL', ADD, keys.length, ...keys, ...this.#batch), this.#parts.timeoutMs, clock, 'Redis')
    } catch (cause) {
      if (!this.#isAway) {
        this.#isAway = true
        logger.warn('latency: Redis does not take the sums; they are kept, and written when it does', {
          error: messageOf(connection.trouble() ?? cause),
        })
      }
      return false
    }
    this.#batch = null
    if (this.#isAway) {
      this.#isAway = false
      logger.info('latency: Redis takes the sums again')
    }
    return true
  }

  /** What has come since the last batch; null when that is nothing. */
  #nextBatch(): readonly (string | number)[] | null {
    const now = this.#parts.current()
    const classic = now[this.#parts.average]
    const before = this.#histograms[this.#parts.average]
    const sums = [now.sent - this.#sent, classic.count - before.count, classic.sum - before.sum]
    const fields: (string | number)[] = []
    for (const stage of STAGES) this.#fieldsOf(stage, now[stage], fields)
    if (fields.length === 0 && sums[0] === 0) return null
    this.#sent = now.sent
    return [++this.#number, WRITER_TTL_MS, ...sums, ...fields]
  }

  #fieldsOf(stage: Stage, now: LatencyHistogram, fields: (string | number)[]): void {
    const before = this.#histograms[stage]
    if (now.count === before.count) return
    fields.push('+', `${stage}.count`, now.count - before.count, '+', `${stage}.sum`, now.sum - before.sum)
    fields.push('<', `${stage}.min`, now.min, '>', `${stage}.max`, now.max)
    for (const [bucket, more] of now.bucketsSince(before)) fields.push('+', `${stage}.${bucket}`, more)
    this.#histograms[stage] = copyOf(now)
  }
}

function copyOf(histogram: LatencyHistogram): LatencyHistogram {
  const copy = new LatencyHistogram()
  copy.add(histogram)
  return copy
}

/** RESP2 gives a list of names and values, ioredis an object; clients of RESP3 may give a Map. */
function fieldsOf(hash: unknown): ReadonlyMap<string, number> {
  const fields = new Map<string, number>()
  if (Array.isArray(hash)) for (let at = 0; at < hash.length; at += 2) fields.set(String(hash[at]), Number(hash[at + 1]))
  else if (hash instanceof Map) for (const [name, value] of hash) fields.set(String(name), Number(value))
  else for (const [name, value] of Object.entries(hash ?? {})) fields.set(name, Number(value))
  return fields
}

function histogramOf(stage: Stage, fields: ReadonlyMap<string, number>): LatencyHistogram {
  const histogram = new LatencyHistogram()
  histogram.count = fields.get(`${stage}.count`) ?? 0
  histogram.sum = fields.get(`${stage}.sum`) ?? 0
  histogram.min = fields.get(`${stage}.min`) ?? histogram.min
  histogram.max = fields.get(`${stage}.max`) ?? histogram.max
  for (const [name, count] of fields) {
    if (name.startsWith(`${stage}.`)) histogram.addToBucket(Number(name.slice(stage.length + 1)), count)
  }
  return histogram
}
