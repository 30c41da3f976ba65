import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { defaultKafkaVersion, kafkaJars } from '../../tools/kafka/kafka-jars.ts'

const JVM_FLAGS = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
const DEFAULT_TIMEOUT_MS = 60_000

export interface JavaOptions {
  /** Counted from the start of the JVM; the compiler takes one or two seconds of it. @default 60 s */
  readonly timeoutMs?: number
  /** Given to the program on its standard input, which is then closed. */
  readonly input?: string
}

export interface JavaOutcome {
  /** null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs one Java source file with the JDK's source launcher, Kafka's jars on the class path, and waits for its end. Rejects
 * when it is still running after `timeoutMs`; whatever code it ends with is the caller's to check.
 */
export async function runJava(sourceFile: string, args: readonly string[] = [], options: JavaOptions = {}): Promise<JavaOutcome> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  await using program = spawnJava(sourceFile, args)
  program.process.stdin!.end(options.input ?? '')
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${sourceFile} was still running after ${timeoutMs} ms; standard error:\n${program.stderr()}`))
    }, timeoutMs)
  })
  try {
    const code = await Promise.race([program.exited, late])
    return { code, stdout: program.stdout(), stderr: program.stderr() }
  } finally {
    clearTimeout(timer)
  }
}

/** A Java program that runs beside the test. Disposing kills it when it is still there, and waits for its end. */
export class JavaProcess implements AsyncDisposable {
  readonly process: ChildProcess
  /** Resolves with the exit code, null when a signal ended it. */
  readonly exited: Promise<number | null>
  #stdout = ''
  #stderr = ''
  readonly #waiting = new Set<() => void>()

  constructor(child: ChildProcess) {
    this.process = child
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#wake()
    })
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    // A program that does not read its input must not end the test.
    child.stdin!.on('error', () => {})
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        resolve(code)
        this.#wake()
      })
    })
    this.exited.catch(() => {})
  }

  stdout(): string {
    return this.#stdout
  }

  stderr(): string {
    return this.#stderr
  }

  /** Writes one line to its standard input. */
  writeLine(line: string): void {
    this.process.stdin!.write(`${line}\n`)
  }

  /** The first complete line of standard output that matches. Rejects when the program ends, or time is up, without it. */
  async untilLine(pattern: RegExp, timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<string> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const complete = this.#stdout.slice(0, this.#stdout.lastIndexOf('\n') + 1)
      const line = complete.split('\n').find((candidate) => pattern.test(candidate))
      if (line !== undefined) return line
      const ended = this.process.exitCode !== null || this.process.signalCode !== null
      const leftMs = deadline - performance.now()
      if (ended || leftMs <= 0) {
        const how = ended ? `ended with ${this.process.exitCode ?? this.process.signalCode}` : `did not within ${timeoutMs} ms`
        throw new Error(`waited for a line like ${pattern}, but the Java program ${how}; standard error:\n${this.#stderr}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#waiting.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL')
    await this.exited.catch(() => {})
  }

  #wake(): void {
    for (const resume of this.#waiting) resume()
    this.#waiting.clear()
  }
}

/** Starts one Java source file with the JDK's source launcher, Kafka's jars on the class path. */
export function spawnJava(sourceFile: string, args: readonly string[] = []): JavaProcess {
  const classPath = join(kafkaJars(defaultKafkaVersion), '*')
  return new JavaProcess(spawn('java', ['-cp', classPath, ...JVM_FLAGS, sourceFile, ...args], { stdio: 'pipe' }))
}
