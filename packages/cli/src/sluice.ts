#!/usr/bin/env node
// The `sluice` command. Each subcommand is loaded when it is asked for, so that none pays for the others.

/** Takes the arguments after its name; resolves with the exit code. */
type Command = (args: readonly string[]) => Promise<number>

interface CommandEntry {
  readonly about: string
  load(): Promise<Command>
}

const commands: Readonly<Record<string, CommandEntry>> = {
  start: {
    about: 'real input through interceptors, a broker and back, with live counts',
    load: async () => (await import('./commands/start.ts')).start,
  },
  devbroker: {
    about: 'a Kafka-protocol broker for development on loopback ports',
    load: async () => (await import('./commands/devbroker.ts')).devbroker,
  },
  monitor: {
    about: 'which records were lost, doubled or late: collector, web page and API',
    load: async () => (await import('./commands/monitor.ts')).monitor,
  },
  top: {
    about: 'the streams of a monitor in the terminal: what is missing, doubled, late',
    load: async () => (await import('./commands/top.ts')).top,
  },
}

function usage(): string {
  const rows = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(12)}${about}`)
  return `Usage: sluice <command> [options]\n\n${rows.join('\n')}\n\nsluice <command> --help tells more.\n`
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage())
    return name === undefined ? 2 : 0
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry === undefined) {
    process.stderr.write(`unknown command "${name}"\n\n${usage()}`)
    return 2
  }
  const command = await entry.load()
  return command(args)
}

process.exitCode = await main(process.argv.slice(2))
