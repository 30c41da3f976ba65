// A reporter for Node's test runner: a dot a test, each failure with its cause, what was skipped and why, and the totals.
// Diagnostics (seeds, what a test could not try) are printed only with a failure of the same test.
import type { TestEvent } from 'node:test/reporters'

const DOTS_PER_LINE = 100

export default async function* summary(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = []
  const skipped: string[] = []
  let totals = ''
  let dots = 0
  for await (const event of source) {
    if (event.type === 'test:pass' || event.type === 'test:fail') {
      yield event.type === 'test:fail' ? 'X' : event.data.skip === undefined ? '.' : 's'
      if (++dots % DOTS_PER_LINE === 0) yield '\n'
    }
    if (event.type === 'test:fail') {
      const { name, file, line, details } = event.data
      const cause = details.error.cause ?? details.error
      failures.push(`\nFAILED ${name}\n  ${file}:${line}\n  ${textOf(cause).replaceAll('\n', '\n  ')}\n`)
    } else if (event.type === 'test:pass' && event.data.skip !== undefined) {
      skipped.push(`SKIPPED ${event.data.name}: ${event.data.skip}\n`)
    } else if (event.type === 'test:diagnostic' && /seed/i.test(event.data.message)) {
      if (failures.length > 0) failures.push(`  ${event.data.message}\n`)
    } else if (event.type === 'test:summary' && event.data.file === undefined) {
      totals = totalsOf(event.data.counts, event.data.duration_ms)
    }
  }
  yield '\n\n'
  yield* skipped
  yield* failures
  yield totals
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}

/** In the words of Node's own reporter, which whatever reads the output looks for. */
function totalsOf(counts: { tests: number; passed: number; cancelled: number; skipped: number; todo: number }, durationMs: number): string {
  const { tests, passed, cancelled, skipped, todo } = counts
  const failed = tests - passed - cancelled - skipped - todo
  return [
    `\nℹ tests ${tests}`,
    `ℹ pass ${passed}`,
    `ℹ fail ${failed}`,
    `ℹ cancelled ${cancelled}`,
    `ℹ skipped ${skipped}`,
    `ℹ todo ${todo}`,
    `ℹ duration_ms ${Math.round(durationMs)}\n`,
  ].join('\n')
}
