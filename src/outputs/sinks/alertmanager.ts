import type {Alert} from '../../schema/alert.ts'
import type {AlertmanagerConfig} from '../../schema/config/output-config.ts'
import {isoTime} from '../../schema/time-text.ts'
import {fieldMap, valueText} from '../formats/alert-values.ts'
import {type JsonTree, jsonText, ownObject} from '../formats/json-text.ts'
import {cutText, wellFormed} from '../formats/visible-text.ts'
import {deliverBatches} from '../http/deliver-batches.ts'
import {openHttpClient} from '../http/http-client.ts'
import type {Sink} from '../sink.ts'
import {systemTimers, type Timers} from '../timers.ts'

const MAX_LABEL = 256
const MAX_ANNOTATION = 4096
/** Bytes of one request. */
const MAX_REQUEST_BYTES = 512 * 1024

/**
 * Posts alerts to an Alertmanager. Alerts with the same labels are one alert to it: rule, priority, host and source, and
 * what the configuration adds; everything else stands in annotations, the id among them.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function alertmanagerSink(config: AlertmanagerConfig, timers: Timers = systemTimers): Sink {
  const client = openHttpClient({...config, kind: 'alertmanager', path: '/api/v2/alerts', timers})
  return {
    name: client.name,
    deliver: (alerts, signal) =>
      deliverBatches(alerts, {
        encode: alert => jsonText(postableAlert(alert, config, timers.now())),
        maxBytes: MAX_REQUEST_BYTES,
        send: async parts => {
          const body = `[${parts.map(part => part.text).join(',')}]`
          await client.send({body, headers: {'content-type': 'application/json'}}, signal)
        },
      }),
    reopen: client.reopen,
    close: client.close,
  }
}

function postableAlert(alert: Alert, config: AlertmanagerConfig, nowMs: number): JsonTree {
  const fields = fieldMap(alert)
  const labels: (readonly [string, string])[] = [
    ...Object.entries(config.labels),
    ...config.labelFields.map(
      field => [labelName(field), valueText(fields.get(field) ?? '')] as const,
    ),
    ['alertname', alert.rule],
    ['severity', alert.priority.toLowerCase()],
    ['instance', alert.hostname],
    ['source', alert.source],
  ]
  const startMs = Number(alert.timeNs / 1_000_000n)
  return {
    // A label without a value is the same as none, and is refused.
    labels: texts(
      labels.filter(([, value]) => value !== ''),
      MAX_LABEL,
    ),
    annotations: texts(
      [
        ['summary', `${alert.priority}: ${alert.rule}`],
        ['description', alert.message],
        ['alert_id', alert.id],
        ['tags', alert.tags.join(',')],
      ],
      MAX_ANNOTATION,
    ),
    startsAt: isoTime(alert.timeNs, 'Z'),
    // From now, not from the event: an alert that was late would else be resolved on arrival, and nobody told.
    endsAt: new Date(Math.max(nowMs, startMs) + config.expireMs).toISOString(),
  }
}

function texts(entries: readonly (readonly [string, string])[], max: number) {
  return ownObject(entries.map(([key, value]) => [key, cutText(wellFormed(value), max)] as const))
}

/** A field's name as a label: `proc.aname[2]` becomes `proc_aname_2_`. */
function labelName(field: string): string {
  return field.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_')
}
