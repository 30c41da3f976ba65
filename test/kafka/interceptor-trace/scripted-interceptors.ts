import {
  type ConsumerInterceptor,
  type ConsumerRecord,
  ConsumerRecords,
  type Headers,
  type ProducerInterceptor,
  type ProducerRecord,
  RecordHeaders,
} from 'sluice'
import type { ConsumerScript, ProducerScript, Script } from './scenario.ts'
import { showError, showHeaders, showMetadata, showOffsets, showRecord, showRecords, showWritability } from './show.ts'
import type { TraceLines } from './trace-lines.ts'

/** What a test double throws. */
export class Boom extends Error {}

export interface ScriptContext {
  readonly trace: TraceLines
  /** `p.a`: the client and the interceptor's place. */
  readonly label: string
  /** The name of a topic of this run. */
  topic(name: string): string
  futuresDone(): string
  consumed(): void
  kept(headers: Headers): void
}

function common(script: Script, { trace, label }: ScriptContext) {
  let sawCluster = false
  const throwIfScripted = (hook: string): void => {
    if (((script as Record<string, unknown>)[hook] as readonly string[] | undefined)?.includes('throw')) throw new Boom()
  }
  return {
    throwIfScripted,
    cluster: () => (script.tellsCluster ? ` cluster ${sawCluster ? 'known' : 'unknown'}` : ''),
    hooks: {
      name: label,
      configure({ clientId, options }: { clientId: string; options: Readonly<Record<string, unknown>> }): void {
        const acks = options.acks === undefined ? '' : ` acks=${options.acks}`
        trace.add(`${label}.configure client.id=${clientId.replace(/-[0-9]+$/, '-N')}${acks}`)
        throwIfScripted('configure')
      },
      onClusterUpdate({ clusterId }: { clusterId: string | null }): void {
        sawCluster = clusterId !== null
      },
      close(): void {
        trace.add(`${label}.close`)
        throwIfScripted('close')
      },
    },
  }
}

type AnyRecord = ProducerRecord<unknown, unknown>

export function scriptedProducerInterceptor(script: ProducerScript, context: ScriptContext): ProducerInterceptor {
  const { trace, label } = context
  const { hooks, cluster, throwIfScripted } = common(script, context)
  return {
    ...hooks,
    onSend(given: AnyRecord): AnyRecord {
      trace.add(`${label}.onSend ${showRecord(given)}`)
      let record = given
      for (const action of script.onSend ?? []) record = changed(record, action.split(' '), context)
      return record
    },
    onAcknowledgement(metadata, error, headers) {
      trace.add(
        `${label}.onAcknowledgement ${showMetadata(metadata)} ${showError(error)} headers=${showHeaders(headers)} ${showWritability(headers)}${cluster()}${context.futuresDone()}`,
      )
      throwIfScripted('onAcknowledgement')
    },
  }
}

function changed(record: AnyRecord, [action, first, second]: readonly string[], context: ScriptContext): AnyRecord {
  switch (action) {
    case 'throw':
      throw new Boom()
    case 'null':
      return null as unknown as AnyRecord
    case 'append':
      return { ...record, value: `${record.value}${first}` }
    case 'value':
      return { ...record, value: first === undefined ? null : first.replace("''", '') }
    case 'topic':
      return { ...record, topic: context.topic(first!) }
    case 'partition':
      return { ...record, partition: Number(first) }
    case 'key':
      return { ...record, key: first }
    case 'header':
      record.headers.add(first!, second!)
      return record
    case 'bare':
      return { ...record, headers: new RecordHeaders() }
    case 'fresh':
      return { topic: context.topic(first!), value: second } as AnyRecord
    case 'keep':
      context.kept(record.headers)
      return record
    case 'sleep':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(first))
      return record
    default:
      throw new Error(`no such action: ${action}`)
  }
}

type Records = ConsumerRecords<string, string>

export function scriptedConsumerInterceptor(script: ConsumerScript, context: ScriptContext): ConsumerInterceptor<string, string> {
  const { trace, label } = context
  const { hooks, cluster, throwIfScripted } = common(script, context)
  return {
    ...hooks,
    onConsume(given) {
      context.consumed()
      if (!script.quiet) trace.add(`${label}.onConsume ${showRecords(given)}${cluster()}`)
      let records = given
      for (const action of script.onConsume ?? []) records = consumed(records, action.split(' '))
      return records
    },
    onCommit(offsets) {
      trace.add(`${label}.onCommit ${showOffsets(offsets)}`)
      throwIfScripted('onCommit')
    },
  }
}

function consumed(records: Records, [action, argument]: readonly string[]): Records {
  switch (action) {
    case 'throw':
      throw new Boom()
    case 'null':
      return null as unknown as Records
    case 'keep':
      return records.filter(({ value }) => argument!.split(',').includes(value!))
    case 'append':
      return records.map((record) => ({ ...record, value: `${record.value}${argument}` }))
    case 'fabricate': {
      const more = (record: ConsumerRecord<string, string>) => ({ ...record, offset: 99, value: argument! })
      const partitions = records.byPartition().map((one) => ({ ...one, records: [...one.records, more(one.records[0]!)] }))
      return new ConsumerRecords(partitions, records.nextOffsets)
    }
    case 'bare':
      return new ConsumerRecords(records.byPartition())
    default:
      throw new Error(`no such action: ${action}`)
  }
}
