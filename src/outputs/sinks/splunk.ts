import type {Alert} from '../../schema/alert.ts'
import type {SplunkConfig} from '../../schema/config/output-config.ts'
import type {AlertFormat} from '../formats/alert-format.ts'
import {optional} from '../formats/alert-values.ts'
import {jsonText} from '../formats/json-text.ts'
import {deliverBatches} from '../http/deliver-batches.ts'
import {openHttpClient} from '../http/http-client.ts'
import type {Sink} from '../sink.ts'

/** Requests at once at most. */
const MAX_CONCURRENCY = 4

/**
 * Sends alerts to Splunk's HTTP event collector. Its answer says that events were received; acknowledgement of indexing
 * is not asked for.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function splunkSink(config: SplunkConfig, format: AlertFormat): Sink {
  const client = openHttpClient({
    ...config,
    headers: {authorization: `Splunk ${config.token}`, ...config.headers},
    kind: 'splunk',
    path: '/services/collector/event',
  })
  return {
    name: client.name,
    maxConcurrency: MAX_CONCURRENCY,
    deliver: (alerts, signal) =>
      deliverBatches(alerts, {
        encode: alert => collectorEvent(alert, config, format),
        maxBytes: config.maxBytes,
        send: async parts => {
          const body = parts.map(part => part.text).join('\n')
          await client.send({body, headers: {'content-type': 'application/json'}}, signal)
        },
      }),
    reopen: client.reopen,
    close: client.close,
  }
}

function collectorEvent(alert: Alert, config: SplunkConfig, format: AlertFormat): string {
  const head = jsonText({
    host: alert.hostname,
    source: 'detector',
    sourcetype: config.sourcetype,
    ...optional('index', config.index),
    fields: {alert_id: alert.id, rule: alert.rule, priority: alert.priority},
  })
  const rendered = format.render(alert)
  const event = format.contentType === 'application/json' ? rendered : jsonText(rendered)
  const ns = String(alert.timeNs).padStart(10, '0')
  return `${head.slice(0, -1)},"time":${ns.slice(0, -9)}.${ns.slice(-9, -6)},"event":${event}}`
}
