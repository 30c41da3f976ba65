import { type ConfigEntry, type ConfigNode, listNode, mapNode } from './config-node.ts'

/** Sections, lists of interceptors and their options: below that, values are the application's own. */
const DEPTH = 5

/** What a configuration written as a program exports, with paths for positions. */
export function moduleNode(value: unknown, path = '', depth = 0): ConfigNode {
  const at = { path }
  if (depth < DEPTH && Array.isArray(value))
    return listNode(
      at,
      value.map((item, index) => moduleNode(item, `${path}[${index}]`, depth + 1)),
    )
  if (depth >= DEPTH || !isPlainData(value)) return { at, value }
  const entries = Object.entries(value).map(([key, inner]): ConfigEntry => {
    const node = moduleNode(inner, path === '' ? key : `${path}.${key}`, depth + 1)
    return { key, at: node.at, node }
  })
  return { ...mapNode(at, entries), value }
}

/** An object literal without methods: not an interceptor, a serializer or a logger. */
function isPlainData(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && !Object.values(value).some((inner) => typeof inner === 'function')
}
