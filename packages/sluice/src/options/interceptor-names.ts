/**
 * Other names of ready-made interceptors: Flume's aliases and the classes behind them, without their package and
 * `$Builder`. A name leads nowhere where the interceptor does not exist.
 */
const otherNames: Readonly<Record<string, string>> = {
  timestamp: 'timestamp-header',
  TimestampInterceptor: 'timestamp-header',
  host: 'host-header',
  HostInterceptor: 'host-header',
  static: 'static-header',
  StaticInterceptor: 'static-header',
  regex_filter: 'regex-filter',
  RegexFilteringInterceptor: 'regex-filter',
  regex_extractor: 'regex-extractor',
  RegexExtractorInterceptor: 'regex-extractor',
  remove_header: 'remove-header',
  RemoveHeaderInterceptor: 'remove-header',
  search_replace: 'search-replace',
  SearchAndReplaceInterceptor: 'search-replace',
  UUIDInterceptor: 'uuid-header',
}

const JAVA_CLASS = /^(?:[a-z_]\w*\.)+([A-Z]\w*)(?:\$\w+)?$/

/** The name under which a ready-made interceptor is registered, from its own name in kebab-case, its factory's, Flume's or a Java class. */
export function readyMadeName(text: string, registered: { has(name: string): boolean }): string | undefined {
  return [text, kebab(text), otherName(text)].find((name) => name !== undefined && registered.has(name))
}

/** What may be written for a registered name, for suggestions. */
export function knownNames(registered: { has(name: string): boolean; keys(): Iterable<string> }): string[] {
  return [...registered.keys(), ...Object.keys(otherNames).filter((name) => /^[a-z]/.test(name) && registered.has(otherNames[name]!))]
}

/** Whether two names may stand for the same interceptor: `timestamp`, `timestampHeader`, `timestamp-header`. */
export function isSameName(a: string, b: string): boolean {
  return (otherName(a) ?? kebab(a)) === (otherName(b) ?? kebab(b))
}

function otherName(text: string): string | undefined {
  const plain = JAVA_CLASS.exec(text)?.[1] ?? text.replace(/\$\w+$/, '')
  // Flume compares its aliases without case, and its own documentation writes them in capitals.
  return [plain, plain.toLowerCase()].map((name) => (Object.hasOwn(otherNames, name) ? otherNames[name] : undefined)).find(Boolean)
}

function kebab(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** `module#exportName`, or a module without it. */
export function splitExport(text: string): { readonly specifier: string; readonly exportName: string | undefined } {
  const at = text.lastIndexOf('#')
  return at <= 0 ? { specifier: text, exportName: undefined } : { specifier: text.slice(0, at), exportName: text.slice(at + 1) }
}

/** A Java class of which there is no counterpart: no npm package is called so. */
export function isJavaClass(text: string): boolean {
  return JAVA_CLASS.test(text)
}
