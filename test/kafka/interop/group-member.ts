import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type ConsumerOptions, isKafkaError, KafkaConsumer, silentLogger } from 'sluice'
import type { JavaAgent } from './java-agent.ts'

/** What happens to the members of a group, in the order in which it is told. */
export interface GroupObserver {
  assigned(member: string, partitions: readonly number[]): void
  revoked(member: string, partitions: readonly number[]): void
  /** After the member got the record, before it commits. */
  seen(member: string, partition: number, offset: number): void
  /** The member worked out the assignment of all; only Sluice tells. */
  led(member: string): void
  failed(member: string, error: Error): void
}

/** A member of a group that commits what it has seen, at the latest when it gives partitions up. */
export interface GroupMember {
  readonly name: string
  /** It may lose a record that it has in hand when it is told to leave: it has to leave when there is none. */
  readonly dropsWhenLeaving?: boolean
  /** Ends the membership cleanly. */
  leave(): Promise<void>
}

/** Starts a member that subscribes to one topic. */
export type StartMember = (name: string, topic: string, groupId: string, observer: GroupObserver) => GroupMember

const common = {
  'auto.offset.reset': 'earliest',
  'session.timeout.ms': '10000',
  'heartbeat.interval.ms': '300',
}

export function javaMember(java: JavaAgent, strategies: readonly string[] | undefined): StartMember {
  const assignors: Readonly<Record<string, string>> = {
    range: 'org.apache.kafka.clients.consumer.RangeAssignor',
    roundrobin: 'org.apache.kafka.clients.consumer.RoundRobinAssignor',
    'cooperative-sticky': 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
  }
  return (name, topic, groupId, observer) => {
    java.onMember(name, ({ event, partitions, records, error }) => {
      if (event === 'assigned') observer.assigned(name, partitions!)
      else if (event === 'revoked') observer.revoked(name, partitions!)
      else if (event === 'records') for (const [partition, offset] of records!) observer.seen(name, partition, offset)
      else observer.failed(name, new Error(`Java: ${event} ${error ?? partitions}`))
    })
    const config = {
      ...common,
      'group.id': groupId,
      'enable.auto.commit': 'false',
      'max.poll.records': '20',
      ...(strategies && { 'partition.assignment.strategy': strategies.map((strategy) => assignors[strategy]).join(',') }),
    }
    java.call('join', { member: name, topics: [topic], config }).catch((error) => observer.failed(name, error))
    return {
      name,
      leave: async () => {
        await java.call('leave', { member: name })
      },
    }
  }
}

export function sluiceMember(
  bootstrapServers: string,
  strategies: ConsumerOptions['partitionAssignmentStrategy'] | undefined,
): StartMember {
  return (name, topic, groupId, observer) => {
    const logger = {
      ...silentLogger,
      info: (message: string) => {
        if (message.includes('as the leader')) observer.led(name)
      },
    }
    const consumer = new KafkaConsumer({
      bootstrapServers,
      groupId,
      clientId: name,
      logger,
      autoOffsetReset: 'earliest',
      sessionTimeoutMs: 10_000,
      heartbeatIntervalMs: 300,
      enableAutoCommit: false,
      maxPollRecords: 20,
      ...(strategies && { partitionAssignmentStrategy: strategies }),
    })
    consumer.subscribe([topic], {
      onPartitionsAssigned: (partitions) => observer.assigned(name, numbersOf(partitions)),
      onPartitionsRevoked: async (partitions) => {
        await consumer.commit()
        observer.revoked(name, numbersOf(partitions))
      },
      onPartitionsLost: (partitions) => observer.failed(name, new Error(`lost ${numbersOf(partitions)}`)),
    })
    const leaving = new AbortController()
    const work = async (): Promise<void> => {
      while (!leaving.signal.aborted) {
        const records = await consumer.poll({ timeoutMs: 100, signal: leaving.signal })
        if (records.count === 0) continue
        for (const { partition, offset } of records) observer.seen(name, partition, offset)
        await commitAll()
      }
    }
    const commitAll = async (): Promise<void> => {
      try {
        await consumer.commit()
      } catch (error) {
        // The next commit has these too: at the latest the one in onPartitionsRevoked.
        if (!isKafkaError(error) || error.code !== 'REBALANCE_IN_PROGRESS') throw error
      }
    }
    const ended = work().catch((error) => {
      if (!leaving.signal.aborted) observer.failed(name, error)
    })
    return {
      name,
      leave: async () => {
        leaving.abort()
        await ended
        await consumer.close()
      },
    }
  }
}

/** kcat as a member: librdkafka stores offsets when kcat has printed a record, and commits them when partitions are revoked. */
export function kcatMember(bootstrapServers: string, strategy: string): StartMember {
  return (name, topic, groupId, observer) => {
    const settings = { ...common, 'partition.assignment.strategy': strategy, 'fetch.wait.max.ms': '100', 'auto.commit.interval.ms': '100' }
    const options = Object.entries(settings).flatMap(([key, value]) => ['-X', `${key}=${value}`])
    const child: ChildProcess = spawn('kcat', ['-b', bootstrapServers, '-G', groupId, '-u', ...options, '-f', '%p %o\n', topic], {
      stdio: 'pipe',
    })
    const errors: string[] = []
    let isLeaving = false
    createInterface(child.stdout!).on('line', (line) => {
      const [partition, offset] = line.split(' ')
      observer.seen(name, Number(partition), Number(offset))
    })
    createInterface(child.stderr!).on('line', (line) => {
      errors.push(line)
      const [, what, list] = /: (assigned|revoked|incremental assignment|incremental revoke)\b.*: (\S+ \[.*)$/.exec(line) ?? []
      if (what === undefined) return
      const partitions = [...list!.matchAll(/\[(\d+)\]/g)].map(([, partition]) => Number(partition))
      if (what.includes('assign')) observer.assigned(name, partitions)
      else observer.revoked(name, partitions)
    })
    const exited = new Promise<void>((resolve) => {
      child.once('error', (error) => {
        observer.failed(name, error)
        resolve()
      })
      child.once('close', (code) => {
        if (!isLeaving) observer.failed(name, new Error(`kcat ended with ${code}: ${errors.join('\n')}`))
        resolve()
      })
    })
    return {
      name,
      // kcat drops a record that it polled when the signal came, though librdkafka counts it as consumed.
      dropsWhenLeaving: true,
      leave: async () => {
        isLeaving = true
        child.kill('SIGTERM')
        await exited
      },
    }
  }
}

function numbersOf(partitions: readonly { readonly partition: number }[]): number[] {
  return partitions.map(({ partition }) => partition)
}
