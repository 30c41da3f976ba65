/** Where something stands in a configuration file; without a line when the file is a program. */
export interface Position {
  readonly line?: number
  readonly column?: number
  /** `producer.interceptors[0]`, for files whose values have no lines. */
  readonly path?: string
}

/** One value of a configuration file, whatever its format, with its position. */
export interface ConfigNode {
  readonly at: Position
  /** The value as plain JavaScript; variables are put in. */
  readonly value: unknown
  /** A mapping's entries, in the order of the file. */
  readonly entries?: readonly ConfigEntry[]
  /** A list's items. */
  readonly items?: readonly ConfigNode[]
  /** It is text that holds an environment variable, and may stand for a number or a boolean. */
  readonly hasVariable?: boolean
  /** It holds a variable that could not be put in, which has been told; what else is wrong with it follows from that. */
  readonly isUnknown?: boolean
}

export interface ConfigEntry {
  readonly key: string
  readonly at: Position
  readonly node: ConfigNode
}

export function mapNode(at: Position, entries: readonly ConfigEntry[]): ConfigNode {
  const value: Record<string, unknown> = {}
  for (const { key, node } of entries) {
    Object.defineProperty(value, key, { value: node.value, enumerable: true, configurable: true, writable: true })
  }
  return { at, entries, value }
}

export function listNode(at: Position, items: readonly ConfigNode[]): ConfigNode {
  return { at, items, value: items.map(({ value }) => value) }
}
