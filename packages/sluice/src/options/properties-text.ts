/**
 * Reads Java's .properties format (java.util.Properties.load): `key=value`, `key: value` or `key value`, comments with
 * `#` or `!`, a backslash at the end of a line to go on in the next, escapes `\n \t \r \f \\ \uXXXX`. A key that comes
 * twice has its last value.
 */
export function parseProperties(text: string): Map<string, string> {
  const entries = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const split = /^((?:\\.|[^\\=:\s])*)[ \t\f]*(?:[=:][ \t\f]*)?([\s\S]*)$/.exec(line)
    if (split !== null) entries.set(unescaped(split[1] as string), unescaped(split[2] as string))
  }
  return entries
}

function* logicalLines(text: string): Generator<string> {
  let begun: string | undefined
  for (const natural of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, '')
    if (begun === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const joined: string = (begun ?? '') + line
    // An odd number of backslashes at the end: the last one joins the lines.
    const backslashes = /\\*$/.exec(line)?.[0].length as number
    if (backslashes % 2 === 1) begun = joined.slice(0, -1)
    else {
      yield joined
      begun = undefined
    }
  }
  if (begun !== undefined) yield begun
}

const controls: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f' }

function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_all, hex: string | undefined, one: string) =>
    hex === undefined ? (controls[one] ?? one) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
