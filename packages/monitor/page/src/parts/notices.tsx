import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icons.tsx'

interface NoticeProps {
  readonly tone?: 'note' | 'bad'
  readonly icon?: IconName
  readonly children: ComponentChildren
}

export function Notice({ tone = 'note', icon, children }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`}>
      <Icon name={icon ?? (tone === 'bad' ? 'missing' : 'note')} />
      <div>{children}</div>
    </div>
  )
}

/** An answer that has not come yet, or never came. */
export function Waiting({ error, rows = 4 }: { readonly error: string | undefined; readonly rows?: number }) {
  if (error !== undefined) return <Notice tone="bad">{capital(error)}.</Notice>
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} />
      ))}
    </div>
  )
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
