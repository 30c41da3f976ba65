/** The first of each key: whoever asks for the same thing many times gets its description once, and not memory's end. */
export function distinct<T>(asked: readonly T[], keyOf: (each: T) => string): T[] {
  const byKey = new Map<string, T>()
  for (const each of asked) {
    const key = keyOf(each)
    if (!byKey.has(key)) byKey.set(key, each)
  }
  return [...byKey.values()]
}
