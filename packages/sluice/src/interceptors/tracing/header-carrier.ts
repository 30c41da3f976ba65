import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api'
import type { Headers } from 'sluice'

/** Names and values in turn. */
export const listSetter: TextMapSetter<string[]> = {
  set(list, key, value) {
    list.push(key, value)
  },
}

export const headerGetter: TextMapGetter<Headers> = {
  get: (headers, key) => headers.getString(key) ?? undefined,
  keys: (headers) => [...headers.keys()],
}

/** Values of the headers that are to be attributes, as OpenTelemetry's Java instrumentation names them. */
export function capturedHeaders(headers: Headers, names: readonly string[]): Record<string, string[]> {
  const captured: Record<string, string[]> = {}
  for (const name of names) {
    const values = headers.getAll(name)
    if (values.length === 0) continue
    captured[`messaging.header.${name.toLowerCase().replaceAll('-', '_')}`] = values.map((value) =>
      value === null ? '' : value.toString('utf8'),
    )
  }
  return captured
}
