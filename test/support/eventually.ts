import assert from 'node:assert/strict'

const TIMEOUT_MS = 10_000

/** Asks until the answer is as expected: brokers learn of topics and groups one after the other. Fails with the last answer. */
export async function eventually<T>(ask: () => T | Promise<T>, expected: T): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS
  for (;;) {
    const answer = await ask()
    try {
      assert.deepEqual(answer, expected)
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
