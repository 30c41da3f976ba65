import { configError } from 'sluice'

/** What Java writes at the start of a pattern to set a mode, and JavaScript as a flag. */
const LEADING_FLAGS = /^\(\?([ims]+)\)/

/** Escapes that Java knows and JavaScript would read as the plain letter. */
const JAVA_ONLY = /\\([AEGQRXZaehz])/

/**
 * A pattern for searching: flags that keep a position are taken off, and Java's `(?i)`, `(?m)`, `(?s)` at the start are
 * understood. Throws CONFIG for what JavaScript cannot read, or would read as something else.
 */
export function javaRegex(regex: string | RegExp): RegExp {
  if (typeof regex !== 'string') return new RegExp(regex.source, regex.flags.replaceAll(/[gy]/g, ''))
  const leading = LEADING_FLAGS.exec(regex)
  const source = leading === null ? regex : regex.slice(leading[0].length)
  const found = JAVA_ONLY.exec(source.replaceAll('\\\\', ''))
  if (found !== null) throw configError(`regexFilter: the regex uses Java's \\${found[1]}, which JavaScript does not have`)
  const flags = new Set(leading?.[1] ?? '')
  if (/\\[pP]\{/.test(source)) flags.add('u')
  try {
    return new RegExp(source, [...flags].join(''))
  } catch (cause) {
    throw configError(`regexFilter: regex is not a regular expression of JavaScript: ${(cause as Error).message}`)
  }
}
