import type { ConfigNode, Position } from './config-node.ts'
import type { Problems } from './problems.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const VARIABLE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(:-((?:(?!\$\{)[^}])*))?\}|\$\{/g

/**
 * Puts environment variables into a text: `${NAME}`, `${NAME:-default}` for one that is unset or empty, `$${` for a plain
 * `${`. What cannot be put in is told to `problems`; no variable's value ever is.
 */
export function withVariables(
  text: string,
  environment: Environment,
  at: Position,
  problems: Problems,
): Pick<ConfigNode, 'hasVariable' | 'isUnknown'> & { readonly value: string } {
  if (!text.includes('${')) return { value: text }
  let hasVariable = false
  let isUnknown = false
  const filled = text.replaceAll(
    VARIABLE,
    (all, name: string | undefined, hasDefault: string | undefined, otherwise: string | undefined) => {
      if (all === '$${') return '${'
      if (name === undefined) {
        problems.add(
          at,
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it speaks of them
          '"${" must be followed by a variable\'s name and "}", or a name, ":-", a default without "${", and "}"; a plain "${" is written "$${"',
        )
        isUnknown = true
        return ''
      }
      hasVariable = true
      const value = Object.hasOwn(environment, name) ? environment[name] : undefined
      if (value !== undefined) problems.hide(value)
      if (hasDefault !== undefined) return value === undefined || value === '' ? (otherwise ?? '') : value
      if (value !== undefined) return value
      isUnknown = true
      problems.add(at, `environment variable ${name} is not set; a default is written "\${${name}:-default}"`)
      return ''
    },
  )
  return { value: filled, hasVariable, isUnknown }
}
