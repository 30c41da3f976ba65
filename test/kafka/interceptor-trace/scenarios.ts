import { consumerChains, consumerCommits, consumerGroups, consumerLifecycle } from './consumer-scenarios.ts'
import { producerChains } from './producer-chains.ts'
import { producerLifecycle } from './producer-lifecycle.ts'
import { producerOutcomes, producerTimeouts } from './producer-outcomes.ts'
import type { Scenario } from './scenario.ts'

export const scenarios: readonly Scenario[] = [
  ...producerChains,
  ...producerOutcomes,
  ...producerTimeouts,
  ...producerLifecycle,
  ...consumerChains,
  ...consumerCommits,
  ...consumerGroups,
  ...consumerLifecycle,
]
