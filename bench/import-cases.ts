/** How long an `import` takes, and what memory, on top of a process that does nothing. */
export interface ImportCase {
  readonly name: string
  readonly kind: 'import'
  readonly about: string
  /** What each client's users import. */
  readonly modules: Readonly<Record<string, string>>
  /** Ours as it is installed, or the TypeScript of the repository. Peers are always as installed. */
  readonly ours: 'built' | 'sources'
}

export const importCases: readonly ImportCase[] = [
  {
    name: 'import',
    kind: 'import',
    about: 'the client as it is installed',
    modules: { sluice: 'sluice', confluent: '@confluentinc/kafka-javascript', platformatic: '@platformatic/kafka', kafkajs: 'kafkajs' },
    ours: 'built',
  },
  {
    name: 'import/interceptors',
    kind: 'import',
    about: 'our interceptors as they are installed, the client with them',
    modules: { sluice: 'sluice/interceptors' },
    ours: 'built',
  },
  {
    name: 'import/sources',
    kind: 'import',
    about: 'our TypeScript, types stripped by Node',
    modules: { sluice: 'sluice' },
    ours: 'sources',
  },
]
