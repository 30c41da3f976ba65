/** Where Sluice does not do what the Java client does, on purpose. */
export interface Difference {
  /** What the Java client does, for docs/from-java.md. */
  readonly java: string
  readonly sluice: string
  readonly why: string
  /**
   * By scenario: Java's lines (`-`), Sluice's lines (`+`) and those of both around them, one run without gaps. Whatever is
   * not said here is equal.
   */
  readonly traces: Readonly<Record<string, string>>
}

/** The trace that Sluice is to have where Java has this one: with the difference of this scenario, if there is one. */
export function expectedTrace(scenario: string, java: readonly string[], differences: readonly Difference[]): readonly string[] {
  let expected = java
  for (const { traces } of differences) {
    const text = traces[scenario]
    if (text === undefined) continue
    const lines = text.split('\n').slice(1, -1)
    const javas = lines.filter((line) => !line.startsWith('+')).map((line) => line.slice(2))
    const ours = lines.filter((line) => !line.startsWith('-')).map((line) => line.slice(2))
    const places = expected.keys().filter((at) => javas.every((line, index) => expected[at + index] === line))
    const [place, another] = [...places]
    if (place === undefined || another !== undefined) {
      const times = place === undefined ? 'no' : 'more than one'
      throw new Error(`${scenario}: there is ${times} place in Java's trace for the difference\n${text}\nin\n${expected.join('\n')}`)
    }
    expected = expected.toSpliced(place, javas.length, ...ours)
  }
  return expected
}
