// Shapes that say the same as the colours do. All of them stand beside words, so none is read out.

const shapes = {
  missing: 'M8 1.5 15 14.5H1zM8 6v4m0 1.8v.7',
  expired: 'M4 1.5h8M4 14.5h8M5 1.5c0 4 6 5 6 6.500S5 10.500 5 14.500M11 1.500c0 4-6 5-6 6.500s6 2.500 6 6.500',
  redelivered: 'M13 8a5 5 0 1 1-1.500-3.600M13 1.500v3.500H9.500',
  growing: 'M2 12 7 7l3 2 4-6m0 0h-4m4 0v4',
  shrinking: 'M2 4l5 5 3-2 4 6m0 0h-4m4 0V9',
  steady: 'M2 8h12m0 0-3-3m3 3-3 3',
  ok: 'M2.500 8.500 6 12l7.500-8',
  pause: 'M5 3v10M11 3v10',
  play: 'M4 2.500v11l9-5.500z',
  close: 'M3 3l10 10M13 3 3 13',
  copy: 'M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3',
  auto: 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12',
  light: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1m8 8 1 1M13 3l-1 1m-8 8-1 1',
  dark: 'M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z',
  clock: 'M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13M8 4v4l3 2',
  note: 'M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13M8 7v4.500M8 4.300v.7',
} as const

export type IconName = keyof typeof shapes

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  )
}
