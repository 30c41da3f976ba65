import { Reader } from '@sluice/protocol'
import type { JoinResultMember } from './group-types.ts'

/** Protocol type of consumer groups; only their members' metadata says what they subscribe to. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer'

/** The topics that a generation's members subscribe to; undefined when that cannot be read out of their metadata. */
export function subscribedTopics(protocolType: string | null, members: readonly JoinResultMember[]): ReadonlySet<string> | undefined {
  if (protocolType !== CONSUMER_PROTOCOL_TYPE) return undefined
  const topics = new Set<string>()
  try {
    for (const { metadata } of members) readTopics(metadata, topics)
  } catch {
    return undefined
  }
  return topics
}

/** The topics come first in every version of ConsumerProtocolSubscription, which may only ever grow at its end. */
function readTopics(metadata: Buffer, topics: Set<string>): void {
  const reader = new Reader(metadata)
  reader.int16()
  const count = reader.arrayCount(2)
  for (let i = 0; i < count; i++) topics.add(reader.string())
}
