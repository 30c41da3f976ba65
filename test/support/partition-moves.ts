import { alterPartitionReassignmentsApi } from '@sluice/protocol/messages/alter-partition-reassignments'
import { electLeadersApi } from '@sluice/protocol/messages/elect-leaders'
import { kafkaErrorFor } from '../../packages/sluice/src/network/broker-error.ts'
import type { ClusterConnection } from './cluster-connection.ts'

const PREFERRED = 0
const TIMEOUT_MS = 10_000

/** Gives a partition this order of replicas and makes the first its leader, as an operator does; resolves when every broker knows. */
export async function movePartition(
  connection: ClusterConnection,
  topic: string,
  partition: number,
  replicas: readonly number[],
): Promise<void> {
  const node = await connection.leader(topic, partition)
  const reassigned = await connection.client.request(node, alterPartitionReassignmentsApi, {
    timeoutMs: TIMEOUT_MS,
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, replicas: [...replicas] }] }],
  })
  const refused = reassigned.errorCode || reassigned.responses[0]!.partitions[0]!.errorCode
  if (refused !== 0) throw kafkaErrorFor(refused, { topic, partition })
  const elected = await connection.client.request(node, electLeadersApi, {
    electionType: PREFERRED,
    topicPartitions: [{ topic, partitions: [partition] }],
    timeoutMs: TIMEOUT_MS,
  })
  const failed = elected.errorCode || (elected.replicaElectionResults[0]?.partitionResult[0]?.errorCode ?? 0)
  if (failed !== 0) throw kafkaErrorFor(failed, { topic, partition })
  await connection.everyNode(async (each) => {
    while ((await connection.leadersAt(each, topic))[partition] !== replicas[0]) await new Promise((resolve) => setTimeout(resolve, 20))
  })
}
