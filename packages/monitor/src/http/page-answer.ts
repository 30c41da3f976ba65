import type { IncomingMessage } from 'node:http'
import type { PageFile } from '../page-files.ts'
import { HttpError } from './http-error.ts'
import { type Answer, acceptsGzip } from './http-server.ts'

/**
 * Answers with files that are in memory, found by their exact path: no path leads out of them. An address without a dot in
 * its last part is a state of the page, which reads it itself.
 */
export function pageAnswers(files: ReadonlyMap<string, PageFile>): (request: IncomingMessage, path: string) => Answer {
  return (request, path) => {
    const isState = !path.slice(path.lastIndexOf('/') + 1).includes('.')
    const file = files.get(path) ?? (isState ? files.get('/') : undefined)
    if (file === undefined) throw new HttpError(404, 'there is no such file')
    const headers = { 'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache', vary: 'accept-encoding' }
    if (!acceptsGzip(request)) return { type: file.type, body: file.plain, headers }
    return { type: file.type, body: file.gzip, headers: { ...headers, 'content-encoding': 'gzip' } }
  }
}
