import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { MonitorCell } from 'sluice/monitor-report'

/** What is kept of a cell beside its key and version. */
export type CellBody = Omit<MonitorCell, 'topic' | 'partition' | 'window' | 'version'>

/** Packed: histograms are most of a cell, and mostly small numbers. */
export function packCell(body: CellBody): Uint8Array {
  return deflateRawSync(JSON.stringify(body), { level: 3 })
}

export function unpackCell(packed: Uint8Array): CellBody {
  return JSON.parse(inflateRawSync(packed).toString('utf8'))
}
