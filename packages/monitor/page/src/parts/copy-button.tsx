import { useEffect, useState } from 'preact/hooks'
import { Icon } from './icons.tsx'

export function CopyButton({ text, label, children }: { readonly text: string; readonly label: string; readonly children?: string }) {
  const [state, setState] = useState<'ready' | 'copied' | 'failed'>('ready')
  useEffect(() => {
    if (state === 'ready') return
    const back = setTimeout(() => setState('ready'), 2000)
    return () => clearTimeout(back)
  }, [state])
  return (
    <button
      type="button"
      class="small"
      aria-label={state === 'ready' ? label : undefined}
      title={label}
      onClick={async () => setState((await copy(text)) ? 'copied' : 'failed')}
    >
      <Icon name={state === 'copied' ? 'ok' : 'copy'} />
      <span role="status" class={state === 'ready' && children === undefined ? 'sr-only' : undefined}>
        {state === 'ready' ? children : state === 'copied' ? 'copied' : 'not allowed'}
      </span>
    </button>
  )
}

/** The clipboard is only there on localhost and over TLS; elsewhere the old way works. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'sr-only'
    const host = document.querySelector('dialog[open]') ?? document.body
    const focused = document.activeElement
    host.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    if (focused instanceof HTMLElement) focused.focus()
    return done
  }
}
