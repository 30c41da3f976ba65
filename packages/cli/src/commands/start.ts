import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { RunFigures } from '../start/figures.ts'
import { linesOf } from '../start/lines.ts'
import { MachineFigures } from '../start/machine-figures.ts'
import { parseStartOptions, type StartOptions, startUsage } from '../start/options.ts'
import { type InputRecord, Pipeline } from '../start/pipeline.ts'
import { View } from '../start/view.ts'

const SAMPLES_PER_SECOND = 20

/** `npm start`: real input through producer interceptors, a broker and consumer interceptors. Returns the exit code. */
export async function start(args: readonly string[]): Promise<number> {
  let options: StartOptions | 'help'
  try {
    options = parseStartOptions(args)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${startUsage}`)
    return 2
  }
  if (options === 'help') {
    process.stdout.write(startUsage)
    return 0
  }
  const ending = new Ending()
  const figures = new RunFigures()
  try {
    await run(options, figures, ending)
  } catch (error) {
    if (!ending.signal.aborted) {
      figures.failed++
      process.stderr.write(`${(error as Error).message}\n`)
    }
  } finally {
    ending.release()
  }
  process.stdout.write(`${figures.summary()}\n`)
  return figures.failed === 0 && figures.lag === 0 ? 0 : 1
}

async function run(options: StartOptions, figures: RunFigures, ending: Ending): Promise<void> {
  const { signal } = ending
  const input = options.input === undefined ? undefined : await open(options.input)
  await using pipeline = await Pipeline.start(options, figures, signal)
  if (options.durationSeconds !== undefined) ending.after(options.durationSeconds)
  const view = new View(
    process.stdout,
    {
      broker: options.bootstrap ?? `embedded broker ${pipeline.bootstrapServers}`,
      topic: options.topic,
      partitions: pipeline.partitions,
      source: input === undefined ? 'this machine' : options.input === '-' ? 'standard input' : options.input!,
      producerChain: pipeline.producerInterceptors.map(({ name }) => name),
      consumerChain: pipeline.consumerInterceptors.map(({ name }) => name),
      monitor: pipeline.monitorUrl,
    },
    figures,
  )
  try {
    for await (const record of input === undefined ? machineRecords(signal) : lineRecords(input, signal)) {
      await pipeline.send(record)
      if (signal.aborted) break
    }
    await pipeline.drain()
  } finally {
    view.close()
  }
}

/** What ends a run before its input does: Ctrl-C, SIGTERM, the duration, or nobody reading the output any more. */
class Ending {
  readonly #controller = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor() {
    process.on('SIGINT', this.#interrupt)
    process.on('SIGTERM', this.#interrupt)
    process.stdout.on('error', this.#end)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  after(seconds: number): void {
    this.#timer = setTimeout(this.#end, seconds * 1000)
  }

  release(): void {
    clearTimeout(this.#timer)
    process.off('SIGINT', this.#interrupt)
    process.off('SIGTERM', this.#interrupt)
  }

  readonly #end = (): void => this.#controller.abort()

  /** A second Ctrl-C does not wait. */
  readonly #interrupt = (): void => {
    if (this.signal.aborted) process.exit(130)
    this.#end()
  }
}

/** Opened before anything starts, so that a wrong path is the first thing said. */
async function open(input: string): Promise<NodeJS.ReadableStream> {
  if (input === '-') return process.stdin
  const found = await stat(input).catch((cause: Error) => cause)
  if (found instanceof Error) throw new Error(`--input: ${found.message}`)
  if (found.isDirectory()) throw new Error(`--input: ${input} is a directory; give a file, or "-" for standard input`)
  const stream = createReadStream(input)
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', (cause) => reject(new Error(`--input: ${cause.message}`)))
  })
  return stream
}

async function* lineRecords(stream: NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<InputRecord> {
  const stop = (): void => void (stream as NodeJS.ReadStream).destroy()
  signal.addEventListener('abort', stop)
  try {
    for await (const value of linesOf(stream as AsyncIterable<Buffer>)) yield { key: null, value }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function* machineRecords(signal: AbortSignal): AsyncGenerator<InputRecord> {
  const machine = new MachineFigures()
  const startedAt = performance.now()
  for (let sample = 0; !signal.aborted; sample++) {
    const figure = machine.next(new Date())
    yield { key: figure.kind, value: Buffer.from(JSON.stringify(figure)) }
    await pause(startedAt + ((sample + 1) * 1000) / SAMPLES_PER_SECOND - performance.now(), signal)
  }
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.max(0, delayMs))
    signal.addEventListener('abort', end)
  })
}
