import {type IncomingMessage, Agent as PlainAgent, request as requestPlain} from 'node:http'
import {request as requestTls, Agent as TlsAgent} from 'node:https'
import {CodedError} from '../../diagnostics/error.ts'
import type {Alert} from '../../schema/alert.ts'
import {parseRetryAfter} from '../retry.ts'
import {deliveryError, failureOf, type Sink} from '../sink.ts'
import {systemTimers, type Timers} from '../timers.ts'

/** Of an answer this much is read, so that its connection can be used again; a longer one is cut off. */
const MAX_ANSWER_BYTES = 64 * 1024
/** Headers that frame the request or carry the promise not to deliver twice: not the user's to set. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'idempotency-key',
  'transfer-encoding',
])
/** What HTTP allows in the name of a header. */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
/** What HTTP allows in its value. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Settings of {@link webhookSink}. */
export interface WebhookOptions {
  /** `http:` or `https:`; a user name and password in it become an `Authorization` header. */
  readonly url: string
  /** Added to every request. */
  readonly headers: Readonly<Record<string, string>>
  /** A request without the head of an answer after this time has failed. At least 1. */
  readonly timeoutMs: number
  /** The JSON body of one alert. */
  readonly format: (alert: Alert) => string
  /** Default: the machine's clock. */
  readonly timers?: Timers
}

/**
 * Posts each alert as JSON in a request of its own, with the alert's id as `Idempotency-Key`. Answers of 2xx count as
 * taken; network errors, timeouts, 408, 429 and 5xx may pass; every other answer is permanent. Redirects are not
 * followed, since they could carry the headers to a host that nobody named.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL or header that cannot be used
 */
export function webhookSink(options: WebhookOptions): Sink {
  const url = parseUrl(options.url)
  const timers = options.timers ?? systemTimers
  const headers = requestHeaders(url, options.headers)
  const tls = url.protocol === 'https:'
  const agentOptions = {keepAlive: true, maxSockets: 1}
  const agent = tls ? new TlsAgent(agentOptions) : new PlainAgent(agentOptions)
  // The path of a webhook is often its secret, so messages name the host only.
  const name = `webhook ${url.origin}`

  const post = (alert: Alert, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const body = Buffer.from(options.format(alert))
      const target = new URL(url)
      target.username = ''
      target.password = ''
      const request = (tls ? requestTls : requestPlain)(target, {
        method: 'POST',
        agent,
        signal,
        headers: {...headers, 'content-length': body.length, 'idempotency-key': alert.id},
      })
      const fail = (reason: string, cause?: unknown): void => {
        cancel()
        reject(deliveryError(`${name}: ${reason}`, {}, cause))
      }
      let answered = false
      const cancel = timers.after(options.timeoutMs, () => {
        if (!answered) fail(`no answer within ${options.timeoutMs} ms`)
        request.destroy()
      })
      request.on('error', error => fail(describe(error), error))
      request.on('response', response => {
        answered = true
        const failure = answerError(name, response, timers.now())
        discard(response, () => {
          cancel()
          if (failure === undefined) resolve()
          else reject(failure)
        })
      })
      request.end(body)
    })

  return {
    name,
    async deliver(alerts, signal) {
      for (const [index, alert] of alerts.entries()) {
        try {
          await post(alert, signal)
        } catch (error) {
          if (!(error instanceof Error)) throw error
          throw deliveryError(error.message, {...failureOf(error), delivered: index}, error.cause)
        }
      }
    },
    close: async () => agent.destroy(),
  }
}

function parseUrl(text: string): URL {
  // The text may hold a password or a token: no message repeats it.
  if (!URL.canParse(text)) throw new CodedError('CONFIG_INVALID', 'the webhook URL is not a URL')
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new CodedError('CONFIG_INVALID', `the webhook URL has the scheme ${url.protocol}`, {
      hint: 'use http: or https:',
    })
  }
  return url
}

function requestHeaders(url: URL, extra: Readonly<Record<string, string>>): Record<string, string> {
  const headers = new Map([['content-type', 'application/json']])
  if (url.username !== '' || url.password !== '') {
    const user = `${percentDecoded(url.username)}:${percentDecoded(url.password)}`
    headers.set('authorization', `Basic ${Buffer.from(user).toString('base64')}`)
  }
  for (const [name, value] of Object.entries(extra)) {
    const key = name.toLowerCase()
    if (!HEADER_NAME.test(name) || OWN_HEADERS.has(key)) {
      throw new CodedError('CONFIG_INVALID', `webhook header ${JSON.stringify(name)} cannot be set`)
    }
    if (!HEADER_VALUE.test(value)) {
      throw new CodedError('CONFIG_INVALID', `webhook header ${name} has a value HTTP forbids`)
    }
    headers.set(key, value)
  }
  return Object.fromEntries(headers)
}

/** Undoes the URL's escapes; text that holds a stray percent sign is taken as it is. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What an answer means: undefined when the alert was taken. */
function answerError(name: string, response: IncomingMessage, nowMs: number): Error | undefined {
  const status = response.statusCode ?? 0
  if (status >= 200 && status < 300) return undefined
  const mayPass = status === 408 || status === 429 || status >= 500
  const wanted = mayPass ? parseRetryAfter(response.headers['retry-after'], nowMs) : undefined
  const redirected = status >= 300 && status < 400 ? ' (redirects are not followed)' : ''
  return deliveryError(`${name}: answered ${status}${redirected}`, {
    permanent: !mayPass,
    retryAfterMs: wanted,
  })
}

/** Reads an answer to its end, its bound or its failure, and then calls back once. */
function discard(response: IncomingMessage, done: () => void): void {
  let size = 0
  response.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) response.destroy()
  })
  // The verdict stands in the status line; how the rest of the answer ends does not change it.
  response.on('error', () => {})
  response.once('close', done)
}

/** Names a network error without an address that could hold a secret. */
function describe(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
