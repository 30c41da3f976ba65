import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { Scenario } from './scenario.ts'
import { ScenarioState, ScriptedClient } from './scripted-client.ts'

const AT_A_TIME = 4

/** The traces of all scenarios, run with Sluice; test/java/InterceptorTrace.java does the same with the Java client. */
export async function traceScenarios(scenarios: readonly Scenario[], bootstrapServers: string, prefix: string): Promise<string[][]> {
  const traces: string[][] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < scenarios.length; index = next++) {
      traces[index] = await traceScenario(scenarios[index]!, bootstrapServers, `${prefix}${index}-`)
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
  return traces
}

async function traceScenario(scenario: Scenario, bootstrapServers: string, prefix: string): Promise<string[]> {
  const state = new ScenarioState(scenario, bootstrapServers, prefix)
  const clients = new Map(Object.entries(scenario.clients).map(([name, spec]) => [name, new ScriptedClient(name, spec, state)]))
  try {
    for (const step of scenario.steps) {
      const words = step.split(' ')
      if (words[0] === 'sleep') await sleep(Number(words[1]))
      else if (words[0] === 'join') await join(state, clients.get(words[1]!)!, clients.get(words[2]!)!)
      else if (words[0] === 'record') await ScriptedClient.changeRecord(state, step, words)
      else await clients.get(words[0]!)!.step(step, words)
      // What a step has brought about by now stands before the next one, as in Java, where it is done when the call returns.
      await turn()
    }
  } catch (unexpected) {
    state.trace.add(`the scenario broke: ${(unexpected as Error).stack}`)
  }
  const lines = state.trace.end()
  for (const client of clients.values()) await client.discard()
  return lines
}

/** Both members poll at the same time until each has partitions; the lines of one stand before those of the other. */
async function join(state: ScenarioState, first: ScriptedClient, second: ScriptedClient): Promise<void> {
  const from = state.trace.size
  await Promise.all([first.pollWith(second), second.pollWith(first)])
  state.trace.sortFrom(from)
}
