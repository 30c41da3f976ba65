import { parseArgs } from 'node:util'
import type { TopOptions } from '@sluice/monitor'

export const topUsage = `Usage: npx sluice top [options]

Shows the streams that a collector of the stream monitor knows: what was delivered, is missing, came twice, or is late.
In a terminal ? lists the keys; elsewhere it writes a line an interval.

  --url ADDRESS      the collector (default http://127.0.0.1:9470); the address of its page works too
  --token TOKEN      what the collector asks for (default: the variable SLUICE_MONITOR_TOKEN)
  --interval N       seconds between two looks (default 1)
  --topic NAME       only streams of this topic; * stands for any characters; may be given again
  --group NAME       only streams of this group; likewise
  --once             one frame, then end
  --json             a line of JSON an interval, with the exact ranges of what is missing and redelivered
  --ascii            no characters beyond ASCII
  -h, --help         this text

NO_COLOR takes the colours away, FORCE_COLOR=1 puts them into pipes too.

Exit codes: 0 nothing is missing; 2 records are missing; 1 the collector did not answer, or --once found none of the streams
asked for; 64 an option is wrong.
`

/** 2 says that records are missing, so a wrong option must be something else: EX_USAGE of sysexits.h. */
const EXIT_USAGE = 64

/** `npx sluice top`. Returns the exit code. */
export async function top(args: readonly string[]): Promise<number> {
  const { runTop, TopOptionError } = await import('@sluice/monitor')
  try {
    const options = parseTopOptions(args)
    if (options === 'help') {
      process.stdout.write(topUsage)
      return 0
    }
    return await runTop(options)
  } catch (error) {
    if (!(error instanceof TopOptionError) && !(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error
    process.stderr.write(`${(error as Error).message}\n\n${topUsage}`)
    return EXIT_USAGE
  }
}

export const topOptionNames = {
  url: { type: 'string' },
  token: { type: 'string' },
  interval: { type: 'string' },
  topic: { type: 'string', multiple: true },
  group: { type: 'string', multiple: true },
  once: { type: 'boolean' },
  json: { type: 'boolean' },
  ascii: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Throws an error of parseArgs, with a sentence for the user. */
export function parseTopOptions(args: readonly string[]): TopOptions | 'help' {
  const { values } = parseArgs({ args: [...args], options: topOptionNames })
  if (values.help) return 'help'
  const { interval, topic, group, help: _help, ...others } = values
  return {
    ...others,
    ...(interval === undefined ? {} : { intervalMs: Number(interval.trim() === '' ? Number.NaN : interval) * 1000 }),
    topics: topic,
    groups: group,
  }
}
