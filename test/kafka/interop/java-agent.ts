import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type JavaProcess, spawnJava } from '../../support/java.ts'

const source = fileURLToPath(new URL('../../java/Interop.java', import.meta.url))
const TIMEOUT_MS = 90_000

export interface MemberEvent {
  readonly member: string
  readonly event: string
  readonly partitions?: readonly number[]
  readonly records?: readonly (readonly [partition: number, offset: number])[]
  readonly error?: string
}

/** The Java client: one JVM that runs `test/java/Interop.java` and carries out commands. */
export class JavaAgent implements AsyncDisposable {
  readonly #program: JavaProcess
  readonly #calls = new Map<number, PromiseWithResolvers<any>>()
  readonly #members = new Map<string, (event: MemberEvent) => void>()
  #lastId = 0

  constructor(bootstrapServers: string) {
    this.#program = spawnJava(source, [bootstrapServers])
    createInterface(this.#program.process.stdout!).on('line', (line) => this.#take(line))
    this.#program.exited.then(
      () => this.#fail(`the Java program ended; standard error:\n${this.#program.stderr()}`),
      (error) => this.#fail(`the Java program did not run: ${error.message}`),
    )
  }

  /** Carries out one command and resolves with its answer. Rejects with Java's stack trace, or when the time is up. */
  async call(command: string, args: object): Promise<any> {
    const id = ++this.#lastId
    const answered = Promise.withResolvers<any>()
    this.#calls.set(id, answered)
    const timer = setTimeout(() => {
      answered.reject(new Error(`Java did not finish "${command}" in ${TIMEOUT_MS} ms; standard error:\n${this.#program.stderr()}`))
    }, TIMEOUT_MS)
    try {
      this.#program.writeLine(JSON.stringify({ id, do: command, ...args }))
      return await answered.promise
    } finally {
      clearTimeout(timer)
      this.#calls.delete(id)
    }
  }

  /** Hands what happens to a member of a group to `listener`. */
  onMember(name: string, listener: (event: MemberEvent) => void): void {
    this.#members.set(name, listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
  }

  #take(line: string): void {
    const message = JSON.parse(line)
    if (message.member !== undefined) this.#members.get(message.member)?.(message)
    else if (message.error !== undefined) this.#calls.get(message.id)?.reject(new Error(`Java: ${message.error}`))
    else this.#calls.get(message.id)?.resolve(message)
  }

  #fail(why: string): void {
    for (const { reject } of this.#calls.values()) reject(new Error(why))
  }
}
