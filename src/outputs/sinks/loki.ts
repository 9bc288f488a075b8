import type {Alert} from '../../schema/alert.ts'
import type {LokiConfig} from '../../schema/config/output-config.ts'
import type {AlertFormat} from '../formats/alert-format.ts'
import {jsonText, ownObject} from '../formats/json-text.ts'
import {cutText, wellFormed} from '../formats/visible-text.ts'
import {deliverBatches, type EncodedAlert} from '../http/deliver-batches.ts'
import {openHttpClient} from '../http/http-client.ts'
import type {Sink} from '../sink.ts'

/** Loki's default bound of a label's value is 2048. */
const MAX_LABEL = 1024

/** Requests at once at most. */
const MAX_CONCURRENCY = 4

/**
 * Pushes alerts to Loki, one stream for each set of labels: rule, priority, host and source, and what the configuration adds.
 * The id goes along as structured metadata.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function lokiSink(config: LokiConfig, format: AlertFormat): Sink {
  const headers =
    config.tenant === undefined
      ? config.headers
      : {'x-scope-orgid': config.tenant, ...config.headers}
  const client = openHttpClient({...config, headers, kind: 'loki', path: '/loki/api/v1/push'})
  return {
    name: client.name,
    maxConcurrency: MAX_CONCURRENCY,
    deliver: (alerts, signal) =>
      deliverBatches(alerts, {
        encode: format.render,
        maxBytes: config.maxBytes,
        send: async parts => {
          const body = pushBody(parts, config)
          await client.send({body, headers: {'content-type': 'application/json'}}, signal)
        },
      }),
    reopen: client.reopen,
    close: client.close,
  }
}

function pushBody(parts: readonly EncodedAlert[], config: LokiConfig): string {
  const streams = new Map<string, string[]>()
  for (const {alert, text} of parts) {
    const labels = streamLabels(alert, config)
    const values = streams.get(labels) ?? []
    values.push(jsonText([String(alert.timeNs), text, {alert_id: alert.id}]))
    streams.set(labels, values)
  }
  const list = [...streams].map(
    ([labels, values]) => `{"stream":${labels},"values":[${values.join(',')}]}`,
  )
  return `{"streams":[${list.join(',')}]}`
}

function streamLabels(alert: Alert, config: LokiConfig): string {
  const labels: (readonly [string, string])[] = [
    ['job', 'detector'],
    ...Object.entries(config.labels),
    ['host', alert.hostname],
    ['priority', alert.priority.toLowerCase()],
    ['rule', alert.rule],
    ['source', alert.source],
  ]
  return jsonText(
    ownObject(labels.map(([key, value]) => [key, cutText(wellFormed(value), MAX_LABEL)] as const)),
  )
}
