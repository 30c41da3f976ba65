import type { Clock } from '../clock.ts'
import type { ProducerMetrics } from '../metrics/producer-metrics.ts'
import type { KafkaClient } from '../network/kafka-client.ts'
import { Metadata } from '../network/metadata.ts'
import { NetworkClient } from '../network/network-client.ts'
import type { ResolvedProducerOptions } from '../options/producer-options.ts'
import { BufferPool } from './buffer-pool.ts'
import type { BatchContext } from './producer-batch.ts'
import { RecordAccumulator } from './record-accumulator.ts'
import type { TransactionManager } from './transaction-manager.ts'

export function connect(options: ResolvedProducerOptions, clock: Clock, random: () => number, metrics: ProducerMetrics): KafkaClient {
  const { logger } = options
  return new NetworkClient(options, new Metadata({ ...options, clock, random }), { clock, logger, random, metrics: metrics.network })
}

export function createAccumulator(
  options: ResolvedProducerOptions,
  transactionManager: TransactionManager | null,
  clock: Clock,
  random: () => number,
  metrics: ProducerMetrics,
): RecordAccumulator {
  const { compressionType, logger } = options
  const levels = { gzip: options.compressionGzipLevel, lz4: options.compressionLz4Level, zstd: options.compressionZstdLevel }
  const context: BatchContext = {
    compression: compressionType,
    compressionLevel: compressionType === 'none' || compressionType === 'snappy' ? undefined : levels[compressionType],
    logger,
    recordAudit: options.recordAudit,
    clientId: options.clientId,
  }
  const batchSize = Math.max(1, options.batchSize)
  return new RecordAccumulator(
    {
      batchSize,
      lingerMs: options.lingerMs,
      retryBackoffMs: options.retryBackoffMs,
      retryBackoffMaxMs: options.retryBackoffMaxMs,
      deliveryTimeoutMs: options.deliveryTimeoutMs,
      adaptivePartitioning: options.partitionerAdaptivePartitioningEnable && options.partitioner === undefined,
      partitionAvailabilityTimeoutMs: options.partitionerAvailabilityTimeoutMs,
    },
    new BufferPool(options.bufferMemory, batchSize, clock, undefined, metrics),
    context,
    clock,
    transactionManager,
    random,
  )
}
