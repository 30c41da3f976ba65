const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * The lines of a byte stream, as bytes: without the line end (LF or CRLF), otherwise unchanged, empty lines included.
 * A last line needs no line end.
 */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  for await (const chunk of stream) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const part = chunk.subarray(start, end)
      yield withoutReturn(rest.length === 0 ? part : Buffer.concat([...rest, part]))
      if (rest.length > 0) rest = []
      start = end + 1
    }
    if (start < chunk.length) rest.push(chunk.subarray(start))
  }
  if (rest.length > 0) yield withoutReturn(Buffer.concat(rest))
}

function withoutReturn(line: Buffer): Buffer {
  return line[line.length - 1] === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}
