import { configError, KafkaError } from 'sluice'

/** A compiled JSONata expression. What it rejects with names code and position, never data. */
export interface JsonataExpression {
  evaluate(input: unknown, bindings?: Readonly<Record<string, unknown>>): Promise<unknown>
}

/** An expression that runs longer than this, or deeper, is given up: it runs on the application's thread. */
const TIMEOUT_MS = 1000
const MAX_DEPTH = 500

/** Loads the package `jsonata` and compiles. Throws CONFIG, with the position, for what is no JSONata. `option` leads the message. */
export async function jsonataExpression(option: string, source: string): Promise<JsonataExpression> {
  const { default: jsonata } = await import('jsonata').catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw configError(`${option}: JSONata needs the package jsonata: npm install jsonata`)
  })
  let compiled: ReturnType<typeof jsonata>
  try {
    compiled = jsonata(source, { timeout: TIMEOUT_MS, stack: MAX_DEPTH })
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number }
    throw configError(`${option}: this is no JSONata: ${message ?? 'it cannot be read'}${at(position)}`)
  }
  return {
    async evaluate(input, bindings) {
      try {
        return await compiled.evaluate(input, bindings as Record<string, unknown>)
      } catch (error) {
        // Messages of JSONata have values in them.
        const { code, position } = error as { code?: string; position?: number }
        throw new KafkaError(
          'INVALID_ARGUMENT',
          `${option}: the expression failed${code === undefined ? '' : ` with ${code}`}${at(position)}`,
        )
      }
    },
  }
}

function at(position: number | undefined): string {
  return position === undefined ? '' : ` (at character ${position})`
}
