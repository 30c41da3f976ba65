import { configError } from '../errors.ts'
import type { TopicSelector } from './interceptor-context.ts'

/** True when the interceptor with this `topics` sees `topic`. A string is a whole name; a pattern matches as `RegExp.test` does. */
export function selectsTopic(selector: TopicSelector | undefined, topic: string): boolean {
  if (selector === undefined) return true
  if (typeof selector === 'string') return selector === topic
  if (typeof selector === 'function') return selector(topic) === true
  if (selector instanceof RegExp) {
    // A pattern with the g or y flag remembers where it stopped.
    selector.lastIndex = 0
    return selector.test(topic)
  }
  return selector.some((one) => selectsTopic(one, topic))
}

/** Refuses a `topics` that cannot be one, when the client is made and not when the first record passes. */
export function checkTopicSelector(selector: unknown, interceptor: string): void {
  if (selector === undefined || typeof selector === 'string' || typeof selector === 'function' || selector instanceof RegExp) return
  if (!Array.isArray(selector)) {
    throw configError(
      `interceptor "${interceptor}": topics must be a name, a RegExp, a function or a list of these, not ${typeof selector}`,
    )
  }
  for (const one of selector) checkTopicSelector(one, interceptor)
}
