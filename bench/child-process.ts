import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** As `spawn`, and the process does not outlive this one. */
export function startChild(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, options)
  running.add(child)
  child.once('close', () => running.delete(child))
  child.once('error', () => running.delete(child))
  return child
}

/** Runs a script of Node's and returns the JSON of its last line. Rejects with what it wrote to stderr. */
export async function runForJson<T>(args: readonly string[], cwd: string, timeoutMs: number): Promise<T> {
  const child = startChild(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout!.on('data', (chunk) => (output += chunk))
  child.stderr!.on('data', (chunk) => (errors += chunk))
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  if (code !== 0) {
    // Node prints an uncaught error between the source line and the stack.
    const message = /^(?:\w*Error\b.*)$/m.exec(errors)?.[0] ?? errors.trim().slice(-400)
    throw new Error(`ended with ${code ?? signal}: ${message}`)
  }
  return JSON.parse(output.trim().split('\n').at(-1)!) as T
}
