import type { PartitionAssignor } from './assignor.ts'
import { cooperativeStickyAssignor } from './cooperative-sticky.ts'
import { rangeAssignor } from './range.ts'
import { roundRobinAssignor } from './round-robin.ts'

/** The assignors that `partitionAssignmentStrategy` can name. */
export const assignors: Readonly<Record<'range' | 'roundrobin' | 'cooperative-sticky', PartitionAssignor>> = {
  range: rangeAssignor,
  roundrobin: roundRobinAssignor,
  'cooperative-sticky': cooperativeStickyAssignor,
}
