import type { Partition } from './partition.ts'
import type { TopicConfig } from './topic-config.ts'

/** A topic: its id never changes and is never used again after deletion. */
export class Topic {
  readonly name: string
  /** Sixteen random bytes in Kafka's notation: URL-safe base64, 22 characters. */
  readonly id: string
  config: TopicConfig
  /** Indexed by partition number. */
  readonly partitions: Partition[] = []

  constructor(name: string, id: string, config: TopicConfig) {
    this.name = name
    this.id = id
    this.config = config
  }

  get replicationFactor(): number {
    return this.partitions[0]?.replicas.length ?? 0
  }
}

const MAX_NAME_LENGTH = 249
const LEGAL_NAME = /^[a-zA-Z0-9._-]+$/

/** Why a topic may not have this name (Java: Topic.validate), or null. */
export function illegalTopicName(name: string): string | null {
  if (name === '') return 'a topic name may not be empty'
  if (name === '.' || name === '..') return `a topic name may not be "${name}"`
  if (name.length > MAX_NAME_LENGTH) return `a topic name of ${name.length} characters is longer than ${MAX_NAME_LENGTH}`
  if (!LEGAL_NAME.test(name)) return `topic name "${name}" has characters other than letters, digits, ".", "_" and "-"`
  return null
}
