import type { RedisClient } from './redis-client.ts'

/** A Redis client whose answers a test decides; keeps what it was asked. */
export class ScriptedRedis implements RedisClient {
  readonly calls: (readonly (string | number)[])[] = []
  answer: (command: string, args: readonly (string | number)[]) => unknown = () => 1

  async call(command: string, ...args: (string | number)[]): Promise<unknown> {
    this.calls.push([command, ...args])
    return this.answer(command, args)
  }
}

/** Lets what waits for settled promises run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
