import type { AlterConfigsRequest, AlterConfigsResponse } from '@sluice/protocol/messages/alter-configs'
import type { ApiVersionsRequest, ApiVersionsResponse } from '@sluice/protocol/messages/api-versions'
import type { CreatePartitionsRequest, CreatePartitionsResponse } from '@sluice/protocol/messages/create-partitions'
import type { CreateTopicsRequest, CreateTopicsResponse } from '@sluice/protocol/messages/create-topics'
import type { DeleteGroupsRequest, DeleteGroupsResponse } from '@sluice/protocol/messages/delete-groups'
import type { DeleteRecordsRequest, DeleteRecordsResponse } from '@sluice/protocol/messages/delete-records'
import type { DeleteTopicsRequest, DeleteTopicsResponse } from '@sluice/protocol/messages/delete-topics'
import type { DescribeClusterRequest, DescribeClusterResponse } from '@sluice/protocol/messages/describe-cluster'
import type { DescribeConfigsRequest, DescribeConfigsResponse } from '@sluice/protocol/messages/describe-configs'
import type { DescribeGroupsRequest, DescribeGroupsResponse } from '@sluice/protocol/messages/describe-groups'
import type { FetchRequest, FetchResponse } from '@sluice/protocol/messages/fetch'
import type { FindCoordinatorRequest, FindCoordinatorResponse } from '@sluice/protocol/messages/find-coordinator'
import type { HeartbeatRequest, HeartbeatResponse } from '@sluice/protocol/messages/heartbeat'
import type { IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse } from '@sluice/protocol/messages/incremental-alter-configs'
import type { InitProducerIdRequest, InitProducerIdResponse } from '@sluice/protocol/messages/init-producer-id'
import type { JoinGroupRequest, JoinGroupResponse } from '@sluice/protocol/messages/join-group'
import type { LeaveGroupRequest, LeaveGroupResponse } from '@sluice/protocol/messages/leave-group'
import type { ListGroupsRequest, ListGroupsResponse } from '@sluice/protocol/messages/list-groups'
import type { ListOffsetsRequest, ListOffsetsResponse } from '@sluice/protocol/messages/list-offsets'
import type { MetadataRequest, MetadataResponse } from '@sluice/protocol/messages/metadata'
import type { OffsetCommitRequest, OffsetCommitResponse } from '@sluice/protocol/messages/offset-commit'
import type { OffsetDeleteRequest, OffsetDeleteResponse } from '@sluice/protocol/messages/offset-delete'
import type { OffsetFetchRequest, OffsetFetchResponse } from '@sluice/protocol/messages/offset-fetch'
import type { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from '@sluice/protocol/messages/offset-for-leader-epoch'
import type { ProduceRequest, ProduceResponse } from '@sluice/protocol/messages/produce'
import type { SaslAuthenticateRequest, SaslAuthenticateResponse } from '@sluice/protocol/messages/sasl-authenticate'
import type { SaslHandshakeRequest, SaslHandshakeResponse } from '@sluice/protocol/messages/sasl-handshake'
import type { SyncGroupRequest, SyncGroupResponse } from '@sluice/protocol/messages/sync-group'

/** Request and response of every API that the broker serves, by Kafka's name. */
export interface DevBrokerMessages {
  Produce: [request: ProduceRequest, response: ProduceResponse]
  Fetch: [request: FetchRequest, response: FetchResponse]
  ListOffsets: [request: ListOffsetsRequest, response: ListOffsetsResponse]
  Metadata: [request: MetadataRequest, response: MetadataResponse]
  OffsetCommit: [request: OffsetCommitRequest, response: OffsetCommitResponse]
  OffsetFetch: [request: OffsetFetchRequest, response: OffsetFetchResponse]
  FindCoordinator: [request: FindCoordinatorRequest, response: FindCoordinatorResponse]
  JoinGroup: [request: JoinGroupRequest, response: JoinGroupResponse]
  Heartbeat: [request: HeartbeatRequest, response: HeartbeatResponse]
  LeaveGroup: [request: LeaveGroupRequest, response: LeaveGroupResponse]
  SyncGroup: [request: SyncGroupRequest, response: SyncGroupResponse]
  DescribeGroups: [request: DescribeGroupsRequest, response: DescribeGroupsResponse]
  ListGroups: [request: ListGroupsRequest, response: ListGroupsResponse]
  SaslHandshake: [request: SaslHandshakeRequest, response: SaslHandshakeResponse]
  ApiVersions: [request: ApiVersionsRequest, response: ApiVersionsResponse]
  CreateTopics: [request: CreateTopicsRequest, response: CreateTopicsResponse]
  DeleteTopics: [request: DeleteTopicsRequest, response: DeleteTopicsResponse]
  DeleteRecords: [request: DeleteRecordsRequest, response: DeleteRecordsResponse]
  InitProducerId: [request: InitProducerIdRequest, response: InitProducerIdResponse]
  OffsetForLeaderEpoch: [request: OffsetForLeaderEpochRequest, response: OffsetForLeaderEpochResponse]
  DescribeConfigs: [request: DescribeConfigsRequest, response: DescribeConfigsResponse]
  AlterConfigs: [request: AlterConfigsRequest, response: AlterConfigsResponse]
  SaslAuthenticate: [request: SaslAuthenticateRequest, response: SaslAuthenticateResponse]
  CreatePartitions: [request: CreatePartitionsRequest, response: CreatePartitionsResponse]
  DeleteGroups: [request: DeleteGroupsRequest, response: DeleteGroupsResponse]
  IncrementalAlterConfigs: [request: IncrementalAlterConfigsRequest, response: IncrementalAlterConfigsResponse]
  OffsetDelete: [request: OffsetDeleteRequest, response: OffsetDeleteResponse]
  DescribeCluster: [request: DescribeClusterRequest, response: DescribeClusterResponse]
}

/** Kafka's name of an API that the broker serves. */
export type DevBrokerApi = keyof DevBrokerMessages
