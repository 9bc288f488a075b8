import type {Alert} from '../../schema/alert.ts'
import type {PagerdutyConfig} from '../../schema/config/output-config.ts'
import {type Priority, priorityRank} from '../../schema/priority.ts'
import {isoTime} from '../../schema/time-text.ts'
import {boundAlert, fleetId} from '../formats/alert-values.ts'
import {jsonText, ownObject} from '../formats/json-text.ts'
import {cutText, visibleText} from '../formats/visible-text.ts'
import {deliverEach} from '../http/deliver-batches.ts'
import {openHttpClient} from '../http/http-client.ts'
import type {Sink} from '../sink.ts'

/** Longest summary that the API takes. */
const MAX_SUMMARY = 1024
/** The API takes 512 KB; beyond this the fields are left out. */
const MAX_EVENT_BYTES = 400 * 1024

/**
 * Triggers one PagerDuty event for each alert, with the alert's id and host as its key: a repeat falls together with the first.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function pagerdutySink(config: PagerdutyConfig): Sink {
  const client = openHttpClient({...config, kind: 'pagerduty', path: '/v2/enqueue'})
  return {
    name: client.name,
    deliver: (alerts, signal) =>
      deliverEach(alerts, alert => {
        const whole = pagerdutyEvent(alert, config.routingKey)
        const body =
          Buffer.byteLength(whole) <= MAX_EVENT_BYTES
            ? whole
            : pagerdutyEvent({...alert, fields: []}, config.routingKey)
        return client.send({body, headers: {'content-type': 'application/json'}}, signal)
      }),
    reopen: client.reopen,
    close: client.close,
  }
}

function pagerdutyEvent(alert: Alert, routingKey: string): string {
  const {rule, priority, fields, message, tags, id, generation, incomplete} = boundAlert(alert)
  return jsonText({
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: fleetId(alert),
    client: 'detector',
    payload: {
      summary: cutText(visibleText(`${rule}: ${message}`), MAX_SUMMARY),
      source: alert.hostname || 'unknown',
      severity: severityOf(priority),
      timestamp: isoTime(alert.timeNs, 'Z'),
      component: alert.source,
      class: rule,
      custom_details: {
        id,
        rule,
        priority,
        message,
        tags,
        generation,
        incomplete,
        fields: ownObject(fields),
      },
    },
  })
}

function severityOf(priority: Priority): string {
  const rank = priorityRank(priority)
  if (rank <= 2) return 'critical'
  if (rank === 3) return 'error'
  return rank <= 5 ? 'warning' : 'info'
}
