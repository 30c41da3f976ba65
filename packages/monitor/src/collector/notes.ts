import type { StoreNote } from '../store/monitor-store.ts'
import type { GroupNote } from './group-partition.ts'
import type { LogRun } from './log-history.ts'
import type { MonitorState } from './monitor-state.ts'

interface PartitionNote {
  readonly runs: readonly LogRun[]
  readonly end: number
  readonly overwritten: readonly number[]
}

/** The collector's conclusions as notes in a store: `session`, `partition` and `group` with their names. */
export class Notes {
  readonly #taken = new Map<string, number | string>()

  take(state: MonitorState): StoreNote[] {
    const notes: StoreNote[] = []
    const note = (key: readonly (string | number)[], revision: number | string, body: () => unknown): void => {
      const name = JSON.stringify(key)
      if (this.#taken.get(name) === revision) return
      this.#taken.set(name, revision)
      notes.push({ key: name, body: JSON.stringify(body()) })
    }
    for (const session of state.sessions.values()) {
      const { joinedAt } = session
      if (joinedAt !== undefined) note(['session', session.id], joinedAt, () => ({ joinedAt }))
    }
    for (const topic of state.topics()) {
      for (const partition of state.partitionsOf(topic)) {
        const { log, overwritten, groups } = partition
        const revision = `${log.runs.length}/${log.start}/${overwritten.count}`
        note(['partition', topic, partition.partition], revision, () => {
          return { runs: log.runs, end: log.end, overwritten: overwritten.toRanges() } satisfies PartitionNote
        })
        for (const group of groups.values()) {
          note(['group', topic, partition.partition, group.group], group.revision, () => group.toNote())
        }
      }
    }
    return notes
  }

  restore(state: MonitorState, { key, body }: StoreNote): void {
    if (body === null) return
    const [kind, name, partition, group] = JSON.parse(key) as [string, string, number, string]
    if (kind === 'session') state.sessions.get(name)?.restoreJoinedAt((JSON.parse(body) as { joinedAt: number }).joinedAt)
    else if (kind === 'partition') {
      const note = JSON.parse(body) as PartitionNote
      const known = state.partition(name, partition)
      known.log.restore(note.runs, note.end)
      known.restoreOverwritten(note.overwritten)
    } else if (kind === 'group')
      state
        .partition(name, partition)
        .group(group)
        .restore(JSON.parse(body) as GroupNote)
  }
}
