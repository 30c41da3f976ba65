// `top` in a process in which something else throws: as soon as an X is typed.
import { runTop } from '../top.ts'

process.stdin.on('data', (text) => {
  if (String(text).includes('X')) throw new Error('somebody else’s')
})
process.exitCode = await runTop({ url: process.argv[2]! })
