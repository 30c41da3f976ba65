// Run as a process of its own by the test, which kills it. Reads the "topic" from where the store says, in small batches.
import { SqliteStore } from './sqlite-store.ts'
import { seeded, someReports } from './testing.ts'

const [file, seed, count, startedAt] = process.argv.slice(2) as [string, string, string, string]
const log = someReports(Number(seed), Number(count), Number(startedAt))
const store = new SqliteStore(file)
const next = seeded(process.pid)
process.stdout.write('ready\n')
for (;;) {
  const offset = store.offsets('reports')[0]?.offset ?? 0
  if (offset >= log.length) break
  const reports = log.slice(offset, offset + 1 + next(5))
  store.write({ reports, offsets: [{ topic: 'reports', partition: 0, offset: offset + reports.length }] })
}
store.close()
