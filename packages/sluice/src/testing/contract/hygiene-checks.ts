import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Check, InterceptorContractOptions, InterceptorFactory } from './contract-options.ts'
import { secrets } from './samples.ts'
import { Subject, TIMEOUT_MS } from './subject.ts'
import { walk } from './walk.ts'

/** What a guest in somebody's process owes it. Each check runs every hook with records of every kind. */
export function hygieneChecks(factory: InterceptorFactory, options: InterceptorContractOptions): readonly Check[] {
  return [
    {
      title: 'nothing of a key, a value or a header value is logged or in an error',
      run: () =>
        Subject.use(factory, options, async (subject) => {
          const errors = await walk(subject, options)
          const { logger } = subject.context
          assertNoSecret('log', logger.text())
          for (const error of errors) assertNoSecret('error', inspect(error, { depth: 10, maxArrayLength: null, maxStringLength: null }))
        }),
    },
    {
      title: 'nothing is written to the console',
      run: async () => {
        const written = await consoleDuring(() => Subject.use(factory, options, (subject) => walk(subject, options)))
        assert.deepEqual(written, [], 'use the logger of the context')
      },
    },
    {
      title: 'no promise is left to reject unheard',
      run: async () => {
        const rejections = await rejectionsDuring(() => Subject.use(factory, options, (subject) => walk(subject, options)))
        assert.deepEqual(rejections, [])
      },
    },
    {
      title: 'after close no timer, socket or other handle keeps the process alive',
      run: async () => {
        const before = resources()
        let timers = 0
        await Subject.use(factory, options, async (subject) => {
          await walk(subject, options)
          await subject.settled(subject.interceptor.close?.(), 'close')
          timers = subject.context.clock.timers
        })
        assert.equal(timers, 0, `${timers} timers of the context's clock are still set`)
        const left = await resourcesLeft(before, options.timeoutMs ?? TIMEOUT_MS)
        assert.deepEqual(left, [])
      },
    },
  ]
}

function assertNoSecret(where: string, text: string): void {
  for (const [part, secret] of Object.entries(secrets)) {
    const bytes = Buffer.from(secret)
    const forms = [
      secret,
      bytes.toString('base64').slice(0, -4),
      bytes.toString('hex'),
      [...bytes].map((byte) => byte.toString(16)).join(' '),
    ]
    const found = forms.find((form) => text.includes(form))
    assert.ok(found === undefined, `the ${where} has a record's ${part} in it`)
  }
}

const CONSOLE = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const

async function consoleDuring(run: () => Promise<unknown>): Promise<readonly string[]> {
  const written: string[] = []
  const originals = CONSOLE.map((name) => console[name])
  const write = process.stderr.write
  for (const name of CONSOLE) console[name] = (...values: unknown[]) => written.push(`console.${name}: ${String(values[0])}`)
  process.stderr.write = ((chunk: unknown) => written.push(`stderr: ${String(chunk)}`) > 0) as typeof write
  try {
    await run()
  } finally {
    for (const [index, name] of CONSOLE.entries()) console[name] = originals[index]!
    process.stderr.write = write
  }
  return written
}

async function rejectionsDuring(run: () => Promise<unknown>): Promise<readonly unknown[]> {
  const rejections: unknown[] = []
  const note = (reason: unknown): void => {
    rejections.push(reason)
  }
  process.on('unhandledRejection', note)
  try {
    await run()
    // Node tells of a rejection once the microtasks have had their turn.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('unhandledRejection', note)
  }
  return rejections
}

function resources(): Map<string, number> {
  const counts = new Map<string, number>()
  // The wait itself is an Immediate.
  for (const kind of process.getActiveResourcesInfo()) if (kind !== 'Immediate') counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

/** What is there now and was not before; a closed socket takes a moment to go. */
async function resourcesLeft(before: ReadonlyMap<string, number>, timeoutMs: number): Promise<readonly string[]> {
  const began = performance.now()
  for (;;) {
    const left = [...resources()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind)
    if (left.length === 0 || performance.now() - began > timeoutMs) return left
    await new Promise((resolve) => setImmediate(resolve))
  }
}
