import { configError, type Headers } from 'sluice'
import { datePattern } from './date-pattern.ts'

interface RoutedRecord {
  readonly topic: string
  readonly headers: Headers
}

/** A topic's name with placeholders. */
export interface TopicTemplate {
  readonly text: string
  /** It reads the record's timestamp. */
  readonly isDated: boolean
  /** Null when a header it names is not there, or null. */
  fill(record: RoutedRecord, timestamp: number): string | null
}

type Part = (record: RoutedRecord, timestamp: number) => string | null

const HEADER = 'header:'

/**
 * `{topic}` is the record's topic, `{header:NAME}` a header's last value as text, and anything else in braces a date: `yyyy`,
 * `yy`, `MM`, `dd`, `HH`, `mm`, `ss` and what stands between. Throws CONFIG for other letters.
 */
export function topicTemplate(text: string, timeZone: string, option: string): TopicTemplate {
  const parts: Part[] = []
  let isDated = false
  for (const [, literal, placeholder] of text.matchAll(/([^{}]+)|\{([^{}]*)\}|[{}]/g)) {
    if (literal !== undefined) {
      parts.push(() => literal)
    } else if (placeholder === undefined) throw configError(`${option}: ${JSON.stringify(text)} has a brace without its counterpart`)
    else if (placeholder === 'topic') parts.push(({ topic }) => topic)
    else if (placeholder.startsWith(HEADER) && placeholder.length > HEADER.length) {
      const name = placeholder.slice(HEADER.length)
      parts.push(({ headers }) => headers.getString(name) ?? null)
    } else {
      const format = datePattern(placeholder, timeZone, `${option}: {${placeholder}}`)
      isDated = true
      parts.push((_record, timestamp) => format(timestamp))
    }
  }
  return {
    text,
    isDated,
    fill(record, timestamp) {
      let filled = ''
      for (let index = 0; index < parts.length; index++) {
        const part = parts[index]!(record, timestamp)
        if (part === null) return null
        filled += part
      }
      return filled
    },
  }
}

/** Kafka's rule for names of topics. */
export function isLegalTopic(name: string): boolean {
  return /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..'
}
