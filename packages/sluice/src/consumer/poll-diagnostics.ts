import { isObserved, publish } from '../diagnostics.ts'
import type { Delivery } from './record-source.ts'

/** Tells subscribers of `sluice:consumer:poll` what a poll gives. */
export function publishPoll(clientId: string, groupId: string | undefined, { records, fetched }: Delivery<any, any>): void {
  if (!isObserved('sluice:consumer:poll')) return
  publish('sluice:consumer:poll', {
    clientId,
    groupId,
    records: records.count,
    partitions: fetched.map(({ state, records: taken, nextOffset }) => ({
      topic: state.topic,
      partition: state.partition,
      records: taken.length,
      nextOffset,
    })),
  })
}
