// A reporter for Node's test runner: one line per failure with its cause, what was skipped and why, and the totals.
import type { TestEvent } from 'node:test/reporters'

export default async function* summary(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = []
  const skipped: string[] = []
  let totals = ''
  for await (const event of source) {
    if (event.type === 'test:fail' && event.data.details.error.cause !== undefined) {
      const { name, file, line, details } = event.data
      if (/^\d+ subtests? failed$/.test(String(details.error.message))) continue
      const cause = details.error.cause as Error
      failures.push(`\nFAILED ${name}\n  ${file}:${line}\n  ${String(cause?.stack ?? cause).replaceAll('\n', '\n  ')}\n`)
    } else if (event.type === 'test:pass' && event.data.skip !== undefined) {
      skipped.push(`SKIPPED ${event.data.name}: ${event.data.skip}\n`)
    } else if (event.type === 'test:summary' && event.data.file === undefined) {
      const { counts, duration_ms: durationMs } = event.data
      totals = `\nℹ tests ${counts.tests}\nℹ pass ${counts.passed}\nℹ fail ${counts.tests - counts.passed - counts.cancelled - counts.skipped - counts.todo}\nℹ cancelled ${counts.cancelled}\nℹ skipped ${counts.skipped}\nℹ duration_ms ${Math.round(durationMs)}\n`
    }
  }
  yield '\n'
  yield* skipped
  yield* failures
  yield totals
}
