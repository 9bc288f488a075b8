import {createHmac} from 'node:crypto'
import type {Alert} from '../../schema/alert.ts'
import type {SignatureConfig, TlsFiles} from '../../schema/config/output-config.ts'
import {deliverEach} from '../http/deliver-batches.ts'
import {openHttpClient} from '../http/http-client.ts'
import type {Sink} from '../sink.ts'
import {systemTimers, type Timers} from '../timers.ts'

/** Requests at once at most. */
const MAX_CONCURRENCY = 8

/** Settings of {@link webhookSink}. */
export interface WebhookOptions {
  /** Default: `webhook` and the origin of the URL. */
  readonly name?: string
  /** `http:` or `https:`; a user name and password in it become an `Authorization` header. */
  readonly url: string
  /** Default `POST`. */
  readonly method?: string
  /** Added to every request. */
  readonly headers: Readonly<Record<string, string>>
  /** A request without the head of an answer after this time has failed. At least 1. */
  readonly timeoutMs: number
  /** The body of one alert. */
  readonly format: (alert: Alert) => string
  /** Default `application/json`. */
  readonly contentType?: string
  readonly signature?: SignatureConfig
  readonly tls?: TlsFiles
  /** Default: the machine's clock. */
  readonly timers?: Timers
}

/**
 * Sends each alert in a request of its own, with the alert's id as `Idempotency-Key`; see {@link openHttpClient} for
 * what answers mean.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function webhookSink(options: WebhookOptions): Sink {
  const {method = 'POST', contentType = 'application/json', signature, format} = options
  const timers = options.timers ?? systemTimers
  const client = openHttpClient({...options, kind: 'webhook'})
  return {
    name: client.name,
    maxConcurrency: MAX_CONCURRENCY,
    deliver: (alerts, signal) =>
      deliverEach(alerts, alert => {
        const body = format(alert)
        const headers = {
          'content-type': contentType,
          'idempotency-key': alert.id,
          ...(signature === undefined
            ? {}
            : signatureHeaders(signature, alert.id, body, timers.now())),
        }
        return client.send({method, body, headers}, signal)
      }),
    reopen: client.reopen,
    close: client.close,
  }
}

/** The headers that let the receiver check who sent a body (https://www.standardwebhooks.com, or GitHub's way). */
function signatureHeaders(
  {secret, style}: SignatureConfig,
  id: string,
  body: string,
  nowMs: number,
): Record<string, string> {
  if (style === 'github') {
    const digest = createHmac('sha256', secret).update(body).digest('hex')
    return {'x-hub-signature-256': `sha256=${digest}`}
  }
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret
  const seconds = Math.floor(nowMs / 1000)
  const digest = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${digest}`,
  }
}
