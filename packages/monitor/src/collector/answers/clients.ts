import type { ClientsAnswer, StatusAnswer } from '../../api-types.ts'
import type { MonitorState } from '../monitor-state.ts'

/** Sessions, those that reported last first. */
export function clientsAnswer(state: MonitorState, now: number): ClientsAnswer {
  const clients = [...state.sessions.values()]
    .sort((a, b) => b.lastReportAt - a.lastReportAt || (a.id < b.id ? -1 : 1))
    .map((session) => {
      const { client, clock } = session
      return {
        session: session.id,
        role: client.role,
        clientId: client.clientId,
        groupId: client.groupId ?? null,
        app: client.app ?? null,
        host: client.host,
        library: client.library,
        version: client.version,
        startedAt: client.startedAt,
        lastReportAt: session.lastReportAt,
        state: session.stateAt(now),
        clockOffsetMs: clock === null ? null : Math.round(clock.aheadMs * 10) / 10,
        clockErrorMs: clock === null ? null : Math.round(clock.errorMs * 10) / 10,
        droppedCells: session.droppedCells,
        selfNs: session.selfNs,
        chain: session.chain,
      }
    })
  return { revision: state.revision, clients }
}

/** `source` and `problems` are the caller's: the state does not know where reports come from. */
export function statusAnswer(state: MonitorState, now: number, source: string, problems: readonly string[]): StatusAnswer {
  const sessions = { live: 0, closed: 0, dead: 0 }
  for (const session of state.sessions.values()) sessions[session.stateAt(now)]++
  return {
    revision: state.revision,
    now,
    source,
    reports: state.reports,
    lastReportAt: state.lastReportAt,
    sessions,
    unmonitoredGroups: state.unmonitoredGroups(),
    problems: [...problems, ...compactedTopics(state)],
  }
}

function compactedTopics(state: MonitorState): string[] {
  return [...state.topics()]
    .filter((topic) => state.isCompacted(topic))
    .map((topic) => `topic ${topic} is compacted: what is missing there is not judged`)
}
