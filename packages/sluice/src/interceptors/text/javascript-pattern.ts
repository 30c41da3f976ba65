import { configError } from 'sluice'

/** What Java writes at the start of a pattern to set a mode, and JavaScript as a flag. */
const LEADING_FLAGS = /^\(\?([ims]+)\)/

/** Escapes that Java knows and JavaScript would read as the plain letter. */
const JAVA_ONLY = /\\([AEGQRXZaehz])/

/**
 * A pattern for searching: flags that keep a position are taken off, and Java's `(?i)`, `(?m)`, `(?s)` at the start are
 * understood. Throws CONFIG for what JavaScript cannot read, or would read as something else.
 */
export function javaScriptPattern(regex: string | RegExp): RegExp {
  if (typeof regex !== 'string') return new RegExp(regex.source, regex.flags.replaceAll(/[gyd]/g, ''))
  const leading = LEADING_FLAGS.exec(regex)
  const source = leading === null ? regex : regex.slice(leading[0].length)
  const found = JAVA_ONLY.exec(source.replaceAll('\\\\', ''))
  if (found !== null) {
    throw configError(`the regular expression uses Java's \\${found[1]}, which JavaScript does not have (compat: "flume" reads Java's)`)
  }
  const flags = new Set(leading?.[1] ?? '')
  if (/\\[pP]\{/.test(source)) flags.add('u')
  try {
    return new RegExp(source, [...flags].join(''))
  } catch (cause) {
    throw configError(`the regular expression is none of JavaScript's: ${(cause as Error).message}`)
  }
}

/** What a RegExp means, in a form that means the same to RE2: its `.` and `\s` have fewer characters. */
export function portableSource({ source, flags }: RegExp): string {
  const dot = flags.includes('s') ? '.' : '[^\\n\\r\\u2028\\u2029]'
  let inClass = false
  return source.replaceAll(/\\[\s\S]|[.[\]]/g, (part) => {
    if (part === '[') inClass = true
    else if (part === ']') inClass = false
    else if (part === '.' && !inClass) return dot
    else if (part === '\\s') return inClass ? SPACES : `[${SPACES}]`
    else if (part === '\\S' && !inClass) return `[^${SPACES}]`
    return part
  })
}

const SPACES = '\\t-\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff'
