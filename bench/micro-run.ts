import { join } from 'node:path'
import { runForJson } from './child-process.ts'
import type { MicroCase } from './micro-case.ts'
import type { Result } from './results.ts'
import type { Run } from './run.ts'

const PROCESS_TIMEOUT_MS = 60_000

/** Each measurement is a process of its own, as what ran before decides what is inlined. */
export function startMicroRun({ name }: MicroCase): Run {
  return {
    measure: ({ tree }) => runForJson<Result>([join(tree.folder, 'bench', 'micro-worker.ts'), name], tree.folder, PROCESS_TIMEOUT_MS),
    async [Symbol.asyncDispose]() {},
  }
}
