import { configError } from '../errors.ts'
import type { Node } from './cluster.ts'

const ADDRESS = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:[\]/@]+)):(\d{1,5})$/

/**
 * Reads `bootstrapServers`: "host:port,host:port" or a list of these, IPv6 in brackets. The nodes have the ids -1, -2, ...
 * as brokers are not known yet. Throws CONFIG naming the bad entry.
 */
export function parseBootstrapServers(bootstrapServers: string | readonly string[]): Node[] {
  const entries = (typeof bootstrapServers === 'string' ? [bootstrapServers] : [...(bootstrapServers ?? [])])
    .flatMap((entry) => String(entry).split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  if (entries.length === 0) {
    throw configError('bootstrapServers (bootstrap.servers) is empty; give at least one "host:port"')
  }
  return entries.map((entry, index) => parseAddress(entry, -1 - index))
}

function parseAddress(entry: string, id: number): Node {
  // A listener's name, as in "PLAINTEXT://host:9092", is what Kafka's own tools accept too.
  const match = ADDRESS.exec(entry.replace(/^[A-Za-z][A-Za-z0-9_+.-]*:\/\//, ''))
  const port = match ? Number(match[3]) : 0
  if (!match || port < 1 || port > 65535) {
    throw configError(
      `bootstrapServers (bootstrap.servers): "${entry}" is not "host:port" with a port from 1 to 65535 (IPv6 as "[::1]:9092")`,
    )
  }
  return { id, host: match[1] ?? match[2]!, port, rack: null }
}
