// A reporter for Node's test runner: one line of JSON per case, which `npm run test:kafka` makes its table of.
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { root } from '../source-files.ts'
import type { CaseResult } from './case-table.ts'

export default async function* cases(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const { name, file, details, skip } = event.data
    if (details.type === 'suite') continue
    const skipped = skip === undefined || skip === false ? undefined : String(skip)
    const result: CaseResult = {
      // A file that fails to load is reported under its own path.
      file: file === undefined ? '' : relative(root, file),
      name,
      outcome: event.type === 'test:fail' ? 'failed' : skipped === undefined ? 'ran' : 'skipped',
      ms: Math.round(details.duration_ms),
      ...(skipped === undefined ? {} : { reason: skipped }),
    }
    yield `${JSON.stringify(result)}\n`
  }
}
