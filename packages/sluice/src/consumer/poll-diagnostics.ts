import { isObserved, publish } from '../diagnostics.ts'
import type { Delivery } from './delivery.ts'

/** Tells subscribers of `sluice:consumer:poll` what a poll gives. */
export function publishPoll(clientId: string, groupId: string | undefined, { records, fetched }: Delivery<any, any>): void {
  if (!isObserved('sluice:consumer:poll')) return
  publish('sluice:consumer:poll', {
    clientId,
    groupId,
    records: records.count,
    partitions: fetched.map(({ state, count, nextOffset }) => ({
      topic: state.topic,
      partition: state.partition,
      records: count,
      nextOffset,
    })),
  })
}
