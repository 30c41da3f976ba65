import { spawn } from 'node:child_process'

/** Runs a command to its end and resolves with what it printed. Rejects with its output when it fails, and when `signal` fires. */
export function runCommand(command: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL' })
    let stdout = ''
    let stderr = ''
    let failure: Error | undefined
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', (error) => {
      failure = error
    })
    // Waits for the end also after an abort, so that nothing still writes into a folder about to be removed.
    child.once('close', (code) => {
      if (failure) reject(failure)
      else if (code === 0) resolve(stdout)
      else reject(new Error(`${command} ${args[0]} failed with ${code}:\n${stdout}${stderr}`))
    })
  })
}
