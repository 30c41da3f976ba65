// npm run bench [-- --json] [--only PREFIX] [--clients a,b] [--runs N] [--seconds N]: our client beside its peers, in one
// run, on one broker, rounds interleaved. Machines are noisy: read ratios of medians.
// npm run bench -- --against REV [--tolerance 0.1]: in place of peers, another revision of ours. Ends with 1 when the working
// tree's median is slower by more than the tolerance, so that it can be a gate; with 2 when it cannot measure.
import { installPeer, isPeerInstalled } from '../tools/peers.ts'
import { judge, verdictText } from './against.ts'
import { type AnyCase, clientsOf, reasonsOf, selectCases } from './case-kinds.ts'
import { type Contestant, workingTree } from './contestant.ts'
import { hasKcat } from './kcat.ts'
import { type BenchOptions, readOptions } from './options.ts'
import { reportJson, reportText } from './report.ts'
import { checkOut } from './revision.ts'
import { measureInTurns } from './rounds.ts'

// What was started and what was made goes when this process exits.
const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }
for (const [signal, code] of Object.entries(signals)) process.on(signal, () => process.exit(code))

try {
  const options = readOptions(process.argv.slice(2))
  const selected = await selectCases(options.only)
  const { against } = options
  process.exitCode = await (against === undefined ? compareClients(selected, options) : compareRevisions(selected, { ...options, against }))
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 2
}

async function compareClients(selected: readonly AnyCase[], options: BenchOptions): Promise<number> {
  const unable = preparePeers(selected, options.clients)
  for (const found of selected) {
    const contestants = clientsOf(found, options.clients).map((client): Contestant => ({ client, tree: workingTree }))
    if (contestants.length === 0) continue
    const outcome = await measureInTurns(found, contestants, new Map([...unable, ...reasonsOf(found)]), options)
    if (options.json) reportJson(outcome)
    else reportText(outcome)
  }
  return 0
}

async function compareRevisions(selected: readonly AnyCase[], options: BenchOptions & { readonly against: string }): Promise<number> {
  using other = checkOut(options.against)
  const contestants = [{ ...workingTree, revision: 'working tree' }, other].map((tree): Contestant => ({ client: 'sluice', tree }))
  let slower = 0
  for (const found of selected) {
    const outcome = await measureInTurns(found, contestants, new Map(), options)
    const verdict = judge(outcome, other.revision, options.tolerance)
    if (options.json) reportJson(outcome)
    else reportText(outcome)
    process.stdout.write(options.json ? `${JSON.stringify(verdict)}\n` : verdictText(verdict, options.tolerance))
    if (verdict.slower) slower++
  }
  return slower > 0 ? 1 : 0
}

/** Installs what a case with a broker needs and is not there. Returns which clients cannot run, with the reason. */
function preparePeers(selected: readonly AnyCase[], clients: readonly string[]): Map<string, string> {
  const unable = new Map<string, string>()
  if (clients.includes('confluent') && !isPeerInstalled('confluent')) {
    if (selected.some((found) => 'settings' in found)) {
      process.stderr.write('installing the peer "confluent" (once; native code is built, which takes minutes)\n')
      try {
        installPeer('confluent')
      } catch (error) {
        unable.set('confluent', (error as Error).message)
      }
    } else unable.set('confluent', 'not installed; `node tools/peers.ts confluent` builds it, which takes minutes')
  }
  if (clients.includes('kcat') && !hasKcat()) unable.set('kcat', 'kcat is not installed (Debian: apt-get install kcat)')
  return unable
}
