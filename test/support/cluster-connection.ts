import { metadataApi } from '@sluice/protocol/messages/metadata'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import type { Node } from '../../packages/sluice/src/network/cluster.ts'
import { Metadata } from '../../packages/sluice/src/network/metadata.ts'
import { NetworkClient } from '../../packages/sluice/src/network/network-client.ts'
import { testOptions } from '../../packages/sluice/src/network/testing/test-options.ts'

const TIMEOUT_MS = 10_000

/** Single requests to single nodes, for tests. */
export class ClusterConnection {
  readonly client: NetworkClient
  readonly metadata: Metadata

  constructor(client: NetworkClient, metadata: Metadata) {
    this.client = client
    this.metadata = metadata
  }

  async everyNode(act: (node: Node) => Promise<void>): Promise<void> {
    await this.metadata.awaitUpdate(({ nodes }) => nodes.size > 0, TIMEOUT_MS)
    await Promise.all([...this.metadata.cluster.nodes.values()].map(act))
  }

  /** True when the node has the topic with so many partitions, each with a leader. */
  async knows(node: Node, topic: string, partitions: number): Promise<boolean> {
    const leaders = await this.leadersAt(node, topic)
    return leaders.length === partitions && leaders.every((leader) => leader >= 0)
  }

  /** Leaders by partition as one node knows them; empty when it does not know the topic. */
  async leadersAt(node: Node, topic: string): Promise<number[]> {
    const { topics } = await this.client.request(node, metadataApi, { topics: [{ name: topic }], allowAutoTopicCreation: false })
    const sorted = [...topics[0]!.partitions].sort((a, b) => a.partitionIndex - b.partitionIndex)
    return sorted.map(({ leaderId }) => leaderId)
  }

  async leader(topic: string, partition: number): Promise<Node> {
    await this.metadata.awaitUpdate(({ nodes }) => nodes.size > 0, TIMEOUT_MS)
    const [first] = this.metadata.cluster.nodes.values()
    const leaders = await this.leadersAt(this.client.leastLoadedNode() ?? first!, topic)
    const leader = leaders[partition]!
    if (!this.metadata.cluster.nodes.has(leader)) this.metadata.requestUpdate()
    await this.metadata.awaitUpdate(({ nodes }) => nodes.has(leader), TIMEOUT_MS)
    return this.metadata.cluster.nodes.get(leader)!
  }

  async close(): Promise<void> {
    await this.client.close()
  }
}

export function connectToCluster(bootstrapServers: string): ClusterConnection {
  const options = testOptions(null, { bootstrapServers, clientId: 'test-cluster' })
  const metadata = new Metadata(options)
  return new ClusterConnection(new NetworkClient(options, metadata, { logger: silentLogger }), metadata)
}
