import { Monitor } from '@sluice/monitor'
import { isKafkaError } from 'sluice'
import { examine } from '../monitor/doctor.ts'
import { type MonitorCommand, monitorUsage, parseMonitorOptions } from '../monitor/options.ts'

/** `sluice monitor`: collector, page and API until it is told to end; `sluice monitor doctor` looks and ends. */
export async function monitor(args: readonly string[]): Promise<number> {
  let command: MonitorCommand | 'help'
  try {
    command = await parseMonitorOptions(args, process.env)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${monitorUsage}`)
    return 2
  }
  if (command === 'help') {
    process.stdout.write(monitorUsage)
    return 0
  }
  const ending = new AbortController()
  const ended = signalled(ending)
  const { doctor, options } = command
  if (doctor) {
    const { lines, isWell } = await examine(options, ending.signal)
    process.stdout.write(`${lines.join('\n')}\n`)
    return isWell ? 0 : 1
  }
  let running: Monitor
  try {
    running = await Monitor.start(options)
  } catch (error) {
    if (!isKafkaError(error) && (error as Error).name !== 'StoreError') throw error
    process.stderr.write(`${(error as Error).message}\n`)
    return 1
  }
  process.stdout.write(`monitor ${running.url}\n`)
  const servers = options.kafka?.bootstrapServers
  process.stderr.write(
    servers === undefined
      ? 'reports are taken at /api/v1/reports; --bootstrap-servers reads them from a topic\n'
      : `reports are read from ${[servers].flat().join(',')} and kept in ${options.store}\n`,
  )
  await ended
  await running.close()
  return 0
}

/** The first SIGINT or SIGTERM; a second one does not wait. */
function signalled(ending: AbortController): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      if (ending.signal.aborted) process.exit(130)
      ending.abort()
      resolve()
    }
    process.on('SIGINT', end)
    process.on('SIGTERM', end)
  })
}
