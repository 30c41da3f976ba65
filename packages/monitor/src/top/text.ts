// How wide text is in a terminal, and which of it may go there.

/** Each of these takes one column: what the frames are made of. Anything else is looked at by grapheme. */
const PLAIN = /^[\x20-\x7e\u00a1-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2500-\u25fc]*$/

const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{17000}-\u{18d08}\u{1b000}-\u{1b2fb}\u{1f200}-\u{1f251}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u
const NARROWLESS = /^[\p{Mn}\p{Me}\p{Cf}]+$/u

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The columns that a terminal gives it. Expects what `printable` lets through. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

function graphemeWidth(grapheme: string): number {
  if (NARROWLESS.test(grapheme)) return 0
  return WIDE.test(grapheme) ? 2 : 1
}

/** As much of it as fits, with `ellipsis` (one column) in place of what does not. */
export function cut(text: string, width: number, ellipsis: string): string {
  if (width <= 0) return ''
  if (widthOf(text) <= width) return text
  if (PLAIN.test(text)) return text.slice(0, width - 1) + ellipsis
  let kept = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += graphemeWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return kept + ellipsis
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

/**
 * Names come from other machines: nothing in them may move the cursor, change the title of the window or turn the order of
 * the text round. Each such character becomes one replacement character.
 */
export function printable(text: string, ascii: boolean): string {
  const safe = text.toWellFormed().replace(UNPRINTABLE, '\ufffd')
  return ascii ? safe.replace(/[^\x20-\x7e]/gu, '?') : safe
}
