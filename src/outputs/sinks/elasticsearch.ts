import type {Alert} from '../../schema/alert.ts'
import type {ElasticsearchConfig} from '../../schema/config/output-config.ts'
import {isoTime} from '../../schema/time-text.ts'
import type {AlertFormat} from '../formats/alert-format.ts'
import {fleetId} from '../formats/alert-values.ts'
import {deliverBatches, type EncodedAlert} from '../http/deliver-batches.ts'
import {openHttpClient} from '../http/http-client.ts'
import {deliveryError, type Sink} from '../sink.ts'

/** Of the answer only what is needed; for 1000 items it stays far below the bound. */
const PATH = '/_bulk?filter_path=errors,items.*.status,items.*.error.type'
const MAX_ANSWER_BYTES = 1024 * 1024

/** What became of one document; left out: it may be tried again. */
type Verdict = {readonly taken: true} | {readonly taken: false; readonly reason: string}

/**
 * Indexes alerts with bulk requests of `create`, into a data stream or an index; the alert's id and host are the document's, so that a
 * repeat is known as one (409) and counts as taken. Each document is judged by itself: what was taken beyond one that
 * failed is remembered and not sent again.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function elasticsearchSink(config: ElasticsearchConfig, format: AlertFormat): Sink {
  const headers =
    config.apiKey === undefined
      ? config.headers
      : {authorization: `ApiKey ${config.apiKey}`, ...config.headers}
  const client = openHttpClient({
    ...config,
    headers,
    kind: 'elasticsearch',
    path: PATH,
    maxAnswerBytes: MAX_ANSWER_BYTES,
  })
  // Verdicts on alerts of the last batch that come after its first failure; never more than a batch.
  let known = new Map<string, Verdict>()

  const sendBulk = async (parts: readonly EncodedAlert[], signal: AbortSignal): Promise<void> => {
    const answer = await client.send(
      {
        body: parts.map(part => part.text).join(''),
        headers: {'content-type': 'application/x-ndjson'},
      },
      signal,
    )
    const verdicts = bulkVerdicts(answer.body, parts.length)
    if (verdicts === undefined) throw deliveryError(`${client.name}: the answer is not understood`)
    for (const [index, {alert}] of parts.entries()) {
      const verdict = verdicts[index]
      if (verdict !== undefined) known.set(alert.id, verdict)
    }
  }

  return {
    name: client.name,
    async deliver(alerts, signal) {
      const before = known
      known = new Map()
      for (const {id} of alerts) {
        const verdict = before.get(id)
        if (verdict !== undefined) known.set(id, verdict)
      }
      const fresh = alerts.filter(alert => !known.has(alert.id))
      let failure: unknown
      try {
        await deliverBatches(fresh, {
          encode: alert => bulkEntry(alert, config.index, format),
          maxBytes: config.maxBytes,
          send: parts => sendBulk(parts, signal),
        })
      } catch (error) {
        failure = error
      }
      settle(alerts, known, client.name, failure)
    },
    reopen: client.reopen,
    close: client.close,
  }
}

/** Takes the alerts off the front that were taken, and tells what is in the way of the first that was not. */
function settle(
  alerts: readonly Alert[],
  known: Map<string, Verdict>,
  name: string,
  failure: unknown,
): void {
  for (const [delivered, alert] of alerts.entries()) {
    const verdict = known.get(alert.id)
    if (verdict !== undefined) known.delete(alert.id)
    if (verdict?.taken === true) continue
    if (verdict !== undefined)
      throw deliveryError(`${name}: ${verdict.reason}`, {delivered, permanent: true})
    if (failure instanceof Error) throw Object.assign(failure, {delivered})
    throw deliveryError(`${name}: documents were not taken for the moment`, {delivered})
  }
}

function bulkEntry(alert: Alert, index: string, format: AlertFormat): string {
  const action = JSON.stringify({create: {_index: index, _id: fleetId(alert)}})
  const document = format.render(alert)
  // A data stream demands the time under this name.
  const timed = document.startsWith('{"@timestamp"')
    ? document
    : `{"@timestamp":"${isoTime(alert.timeNs, 'Z')}",${document.slice(1)}`
  return `${action}\n${timed}\n`
}

/** The verdict on each document; undefined when the answer does not fit the request. */
function bulkVerdicts(body: string, count: number): (Verdict | undefined)[] | undefined {
  let answer: unknown
  try {
    answer = JSON.parse(body)
  } catch {
    return undefined
  }
  const items = member(answer, 'items')
  if (!Array.isArray(items) || items.length !== count) return undefined
  return items.map(item => {
    const result = member(item, 'create')
    const status = member(result, 'status')
    if (typeof status !== 'number') return undefined
    if ((status >= 200 && status < 300) || status === 409) return {taken: true}
    if (status === 408 || status === 429 || status >= 500) return undefined
    const type = member(member(result, 'error'), 'type')
    // Names of exceptions, and nothing that the answer may repeat of the document.
    const named = typeof type === 'string' && /^[a-z_]{1,80}$/.test(type) ? ` (${type})` : ''
    return {taken: false, reason: `refused a document with ${Math.trunc(status)}${named}`}
  })
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
}
