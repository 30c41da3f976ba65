// Bytes of a keyboard in raw mode, as names of keys.

const sequences: Readonly<Record<string, string>> = {
  '[A': 'up',
  '[B': 'down',
  '[C': 'right',
  '[D': 'left',
  '[H': 'home',
  '[F': 'end',
  OA: 'up',
  OB: 'down',
  OC: 'right',
  OD: 'left',
  OH: 'home',
  OF: 'end',
  OM: 'enter',
  '[1~': 'home',
  '[7~': 'home',
  '[4~': 'end',
  '[8~': 'end',
  '[5~': 'pageup',
  '[6~': 'pagedown',
}

const controls: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  ' ': 'space',
  '\x03': 'ctrl-c',
  '\x0c': 'ctrl-l',
  '\x15': 'ctrl-u',
  '\x1a': 'ctrl-z',
}

/**
 * The keys of one read, in order. A letter is itself. Escape sequences that are not known are passed over as a whole: their
 * letters are no keys. An escape alone is the Esc key; terminals send a sequence in one piece.
 */
export function decodeKeys(text: string): string[] {
  const keys: string[] = []
  for (let at = 0; at < text.length; ) {
    if (text[at] === '\x1b') {
      const sequence = /^(?:\[[0-?]*[ -/]*[@-~]|O[@-~])/.exec(text.slice(at + 1))?.[0]
      const key = sequence === undefined ? 'escape' : sequences[sequence]
      if (key !== undefined) keys.push(key)
      at += 1 + (sequence?.length ?? 0)
      continue
    }
    const letter = String.fromCodePoint(text.codePointAt(at)!)
    const control = controls[letter]
    if (control !== undefined) keys.push(control)
    else if (letter >= ' ') keys.push(letter)
    at += letter.length
  }
  return keys
}
