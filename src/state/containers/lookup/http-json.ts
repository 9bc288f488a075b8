import {request} from 'node:http'
import {parseJson} from '../json-value.ts'

/** A longer answer is given up. */
const MAX_ANSWER = 4 * 1024 * 1024

/** A server's answer; the body is undefined when it is no JSON. */
export interface HttpAnswer {
  readonly status: number
  readonly body: unknown
}

/**
 * Asks an HTTP server on a Unix socket for a JSON document.
 *
 * @returns undefined when nobody is there, the time is up, or the answer is too long. Never rejects.
 */
export function getJson(
  socketPath: string,
  path: string,
  timeoutMs: number,
): Promise<HttpAnswer | undefined> {
  return new Promise(resolve => {
    const call = request({
      socketPath,
      path,
      headers: {host: 'localhost', accept: 'application/json'},
      agent: false,
      // For the whole exchange: a timeout of the socket alone is reset by each byte.
      signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))),
    })
    const fail = (): void => {
      call.destroy()
      resolve(undefined)
    }
    call.on('error', fail)
    call.on('response', response => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('error', fail)
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_ANSWER) fail()
        else chunks.push(chunk)
      })
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: parseJson(Buffer.concat(chunks).toString('utf8'), MAX_ANSWER),
        }),
      )
      response.on('close', () => resolve(undefined))
    })
    call.end()
  })
}
