import {type IncomingMessage, Agent as PlainAgent, request as requestPlain} from 'node:http'
import {request as requestTls, Agent as TlsAgent} from 'node:https'
import type {TlsFiles} from '../../schema/config/output-config.ts'
import {parseRetryAfter} from '../retry.ts'
import {type DeliveryError, deliveryError} from '../sink.ts'
import {systemTimers, type Timers} from '../timers.ts'
import {parseReceiverUrl, receiverHeaders} from './request-headers.ts'
import {readTlsFiles} from './tls-files.ts'

/** Of an answer this much is read unless said otherwise; a longer one is cut off. */
const MAX_ANSWER_BYTES = 64 * 1024

/** Settings of {@link openHttpClient}. */
export interface HttpClientOptions {
  /** What the receiver is, in messages: `webhook`, `slack`. */
  readonly kind: string
  /** Name in messages. Default: the kind and the origin of the URL; its path is often the secret. */
  readonly name?: string
  /** `http:` or `https:`; user and password in it become an `Authorization` header. */
  readonly url: string
  /** Put behind the path of the URL: `/api/v2/alerts`. A query goes along. */
  readonly path?: string
  /** Added to every request. */
  readonly headers: Readonly<Record<string, string>>
  /** A request without the head of an answer after this time has failed. At least 1. */
  readonly timeoutMs: number
  readonly tls?: TlsFiles
  readonly maxAnswerBytes?: number
  /** Default: the machine's clock. */
  readonly timers?: Timers
}

/** One request. */
export interface HttpRequest {
  readonly body: string
  /** Default `POST`. */
  readonly method?: string
  /** Outranked by the headers of the configuration. Keys in small letters. */
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer of 2xx. */
export interface HttpAnswer {
  readonly status: number
  /** The body as UTF-8, cut at the bound and where the connection ended. */
  readonly body: string
}

/** Connections to one receiver. */
export interface HttpClient {
  /** For messages; holds no secret. */
  readonly name: string
  /**
   * Sends one request. Answers of 2xx count as taken; network errors, timeouts, 408, 429 and 5xx may pass; every
   * other answer is permanent. Redirects are not followed, since they could carry the headers to a host that nobody
   * named. What stands in an answer is never repeated in an error.
   *
   * @throws DeliveryError with `status` when there was an answer
   */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>
  /** Reads the TLS files again. */
  reopen(): Promise<void>
  /** Ends idle connections. Idempotent. */
  close(): Promise<void>
}

/** A failed request that was answered. */
export type HttpFailure = DeliveryError & {readonly status: number}

/**
 * Prepares requests to one receiver.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function openHttpClient(options: HttpClientOptions): HttpClient {
  const {kind, timeoutMs, maxAnswerBytes = MAX_ANSWER_BYTES, timers = systemTimers} = options
  const url = parseReceiverUrl(kind, options.url)
  const headers = receiverHeaders(kind, url, options.headers)
  const target = requestTarget(url, options.path)
  const tls = url.protocol === 'https:'
  const makeAgent = (): PlainAgent => {
    // The queue bounds how many are used at once.
    const common = {keepAlive: true, maxSockets: 16}
    return tls ? new TlsAgent({...common, ...readTlsFiles(options.tls)}) : new PlainAgent(common)
  }
  let agent = makeAgent()
  const name = options.name ?? `${kind} ${url.origin}`

  const send = (request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const body = Buffer.from(request.body)
      const outgoing = (tls ? requestTls : requestPlain)(target, {
        method: request.method ?? 'POST',
        agent,
        signal,
        headers: {...request.headers, ...headers, 'content-length': body.length},
      })
      const fail = (reason: string, cause?: unknown): void => {
        cancel()
        reject(deliveryError(`${name}: ${reason}`, {}, cause))
      }
      let answered = false
      const cancel = timers.after(timeoutMs, () => {
        if (!answered) fail(`no answer within ${timeoutMs} ms`)
        outgoing.destroy()
      })
      outgoing.on('error', error => fail(describe(error), error))
      outgoing.on('response', response => {
        answered = true
        const failure = answerError(name, response, timers.now())
        readBody(response, maxAnswerBytes, text => {
          cancel()
          if (failure === undefined) resolve({status: response.statusCode ?? 0, body: text})
          else reject(failure)
        })
      })
      outgoing.end(body)
    })

  return {
    name,
    send,
    reopen: async () => {
      if (!tls) return
      const fresh = makeAgent()
      agent.destroy()
      agent = fresh
    },
    close: async () => agent.destroy(),
  }
}

function requestTarget(url: URL, path: string | undefined): URL {
  const target = new URL(url)
  target.username = ''
  target.password = ''
  if (path === undefined) return target
  const [pathname = '', query] = path.split('?')
  target.pathname = `${target.pathname.replace(/\/+$/, '')}${pathname}`
  if (query !== undefined) target.search = `?${query}`
  return target
}

/** What an answer means: undefined when the request was taken. */
function answerError(
  name: string,
  response: IncomingMessage,
  nowMs: number,
): HttpFailure | undefined {
  const status = response.statusCode ?? 0
  if (status >= 200 && status < 300) return undefined
  const mayPass = status === 408 || status === 429 || status >= 500
  const wanted = mayPass ? parseRetryAfter(response.headers['retry-after'], nowMs) : undefined
  const redirected = status >= 300 && status < 400 ? ' (redirects are not followed)' : ''
  const failure = {permanent: !mayPass, retryAfterMs: wanted}
  return Object.assign(deliveryError(`${name}: answered ${status}${redirected}`, failure), {status})
}

/** Reads an answer to its end, its bound or its failure, and then calls back once. */
function readBody(response: IncomingMessage, maxBytes: number, done: (text: string) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk.subarray(0, Math.max(0, maxBytes - size)))
    size += chunk.length
    if (size > maxBytes) response.destroy()
  })
  // The verdict stands in the status line; how the rest of the answer ends does not change it.
  response.on('error', () => {})
  response.once('close', () => done(Buffer.concat(chunks).toString('utf8')))
}

/** Names a network error without an address that could hold a secret. */
function describe(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
