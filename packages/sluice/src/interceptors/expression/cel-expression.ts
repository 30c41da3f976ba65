import { configError, KafkaError } from 'sluice'
import { withoutMarks } from './cel-data.ts'

type Cel = typeof import('@bufbuild/cel')
type Expr = ReturnType<Cel['parse']>['expr']

/** A compiled CEL expression. What it throws names the position in the expression, never data. */
export interface CelExpression {
  evaluate(input: Readonly<Record<string, unknown>>): unknown
}

/**
 * Loads the package `@bufbuild/cel` and compiles. Throws CONFIG, with the position, for what is no CEL, and for a name that
 * is not one of `names`. `option` leads the message.
 */
export async function celExpression(option: string, source: string, names: readonly string[]): Promise<CelExpression> {
  const [cel, { strings }] = await Promise.all([import('@bufbuild/cel'), import('@bufbuild/cel/ext')]).catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw configError(
      `${option}: CEL needs the packages @bufbuild/cel and @bufbuild/protobuf: npm install @bufbuild/cel @bufbuild/protobuf`,
    )
  })
  const environment = cel.celEnv({ funcs: strings })
  const plan = (one: Expr): ((input?: any) => unknown) => cel.plan(environment, one)
  let run: (input?: any) => unknown
  let positions: Readonly<Record<string, number>>
  let expr: Expr
  try {
    const parsed = cel.parse(source)
    positions = (parsed.sourceInfo?.positions ?? {}) as Readonly<Record<string, number>>
    expr = parsed.expr
    run = plan(parsed.expr)
  } catch (error) {
    const { message, location } = error as { message?: string; location?: { start?: { line?: number; column?: number } } }
    const { line, column } = location?.start ?? {}
    const where = column === undefined ? '' : ` (line ${line}, column ${column})`
    throw configError(`${option}: this is no CEL: ${(message ?? 'it cannot be read').replace(/^<input>:\d+:\d+: /, '')}${where}`)
  }
  const where = (id: bigint | undefined): string => {
    const position = id === undefined ? undefined : positions[String(id)]
    return position === undefined ? '' : ` (at character ${position})`
  }
  const problem = unknownName(cel, plan, expr, names)
  if (problem !== null) throw configError(`${option}: ${problem.what}${where(problem.id)}`)
  return {
    evaluate(input) {
      let result = run(input)
      const again = cel.isCelError(result) ? withoutMarks(input) : null
      if (again !== null) result = run(again)
      // Messages of CEL may name keys of the data.
      if (cel.isCelError(result)) throw new KafkaError('INVALID_ARGUMENT', `${option}: the expression failed${where(result.exprId)}`)
      return result
    },
  }
}

interface Problem {
  readonly id: bigint
  readonly what: string
}

/** Names without a variable; the last leads functions. */
const TYPES = ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'type', 'null_type', 'strings']

/** Without this a misspelt name would fail record by record. */
function unknownName(cel: Cel, plan: (expr: Expr) => (input?: any) => unknown, expr: Expr, names: readonly string[]): Problem | null {
  const { exprKind, id } = expr
  const within = (inner: readonly (Expr | undefined)[], known: readonly string[] = names): Problem | null => {
    for (const one of inner) {
      const found = one === undefined ? null : unknownName(cel, plan, one, known)
      if (found !== null) return found
    }
    return null
  }
  switch (exprKind.case) {
    case 'identExpr': {
      const { name } = exprKind.value
      if (names.includes(name) || TYPES.includes(name)) return null
      return { id, what: `there is no name ${JSON.stringify(name)}; there are ${names.filter((one) => !one.startsWith('@')).join(', ')}` }
    }
    case 'selectExpr':
      return within([exprKind.value.operand])
    case 'callExpr': {
      const { function: called, target, args } = exprKind.value
      const result = plan(expr)({})
      if (cel.isCelError(result) && result.message.startsWith('unbound function'))
        return { id, what: `there is no function ${JSON.stringify(called)}` }
      return within([target, ...args])
    }
    case 'listExpr':
      return within(exprKind.value.elements)
    case 'structExpr':
      return within(exprKind.value.entries.flatMap(({ keyKind, value }) => [keyKind.case === 'mapKey' ? keyKind.value : undefined, value]))
    case 'comprehensionExpr': {
      const { iterRange, iterVar, iterVar2, accuVar, accuInit, loopCondition, loopStep, result } = exprKind.value
      return within([iterRange, accuInit]) ?? within([loopCondition, loopStep, result], [...names, iterVar, iterVar2, accuVar])
    }
    default:
      return null
  }
}
