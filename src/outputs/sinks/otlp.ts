import type {Alert, AlertValue} from '../../schema/alert.ts'
import type {OtlpConfig} from '../../schema/config/output-config.ts'
import type {Priority} from '../../schema/priority.ts'
import {boundAlert} from '../formats/alert-values.ts'
import {type JsonTree, jsonText} from '../formats/json-text.ts'
import {deliverBatches, type EncodedAlert} from '../http/deliver-batches.ts'
import {openHttpClient} from '../http/http-client.ts'
import {deliveryError, type Sink} from '../sink.ts'
import {systemTimers, type Timers} from '../timers.ts'

/** Severity numbers for those of syslog: https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix. */
const SEVERITIES: Readonly<Record<Priority, number>> = {
  Emergency: 21,
  Alert: 19,
  Critical: 18,
  Error: 17,
  Warning: 13,
  Notice: 10,
  Informational: 9,
  Debug: 5,
}

/** Who sends, in every request. */
export interface OtlpSender {
  /** Version of the detector. */
  readonly version: string
  /** Default: the machine's clock. */
  readonly timers?: Timers
}

/** Requests at once at most. */
const MAX_CONCURRENCY = 4

/**
 * Sends alerts as log records of OpenTelemetry over HTTP in JSON. When the receiver says that it rejected some of a batch
 * without saying which, the batch is sent again in parts: repeats carry the same `alert.id`.
 *
 * @throws CodedError `CONFIG_INVALID` for a URL, header or TLS file that cannot be used
 */
export function otlpSink(config: OtlpConfig, sender: OtlpSender): Sink {
  const timers = sender.timers ?? systemTimers
  const client = openHttpClient({...config, kind: 'otlp', path: '/v1/logs', timers})
  return {
    name: client.name,
    maxConcurrency: MAX_CONCURRENCY,
    deliver: (alerts, signal) =>
      deliverBatches(alerts, {
        encode: alert => jsonText(logRecord(boundAlert(alert), timers.now())),
        maxBytes: config.maxBytes,
        send: async parts => {
          const body = exportRequest(parts, sender.version)
          const headers = {'content-type': 'application/json'}
          const answer = await client.send({body, headers}, signal)
          if (rejectedRecords(answer.body) > 0)
            throw deliveryError(`${client.name}: log records were rejected`, {permanent: true})
        },
      }),
    reopen: client.reopen,
    close: client.close,
  }
}

function exportRequest(parts: readonly EncodedAlert[], version: string): string {
  const byHost = new Map<string, string[]>()
  for (const {alert, text} of parts) {
    byHost.set(alert.hostname, [...(byHost.get(alert.hostname) ?? []), text])
  }
  const scope = jsonText({name: 'detector', version})
  const resources = [...byHost].map(([host, records]) => {
    const resource = jsonText({
      attributes: [attribute('service.name', 'detector'), attribute('host.name', host)],
    })
    return `{"resource":${resource},"scopeLogs":[{"scope":${scope},"logRecords":[${records.join(',')}]}]}`
  })
  return `{"resourceLogs":[${resources.join(',')}]}`
}

function logRecord(alert: Alert, nowMs: number): JsonTree {
  return {
    // 64-bit integers are text in the JSON of protocol buffers.
    timeUnixNano: String(alert.timeNs),
    observedTimeUnixNano: String(BigInt(Math.trunc(nowMs)) * 1_000_000n),
    severityNumber: SEVERITIES[alert.priority],
    severityText: alert.priority,
    body: {stringValue: alert.message},
    attributes: [
      attribute('alert.id', alert.id),
      attribute('alert.rule', alert.rule),
      attribute('alert.source', alert.source),
      attribute('alert.tags', alert.tags),
      ...alert.fields
        .filter(([, value]) => value !== null)
        .map(([name, value]) => attribute(`field.${name}`, value)),
    ],
  }
}

function attribute(key: string, value: AlertValue): JsonTree {
  return {key, value: anyValue(value)}
}

function anyValue(value: AlertValue): JsonTree {
  if (typeof value === 'string') return {stringValue: value}
  if (typeof value === 'boolean') return {boolValue: value}
  if (typeof value === 'bigint') {
    const fits = BigInt.asIntN(64, value) === value
    return fits ? {intValue: String(value)} : {stringValue: String(value)}
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? {intValue: String(BigInt(value))} : {doubleValue: value}
  }
  if (value === null) return {}
  return {arrayValue: {values: value.map(anyValue)}}
}

/** How many records the receiver says it rejected; an answer that is not understood says nothing. */
function rejectedRecords(body: string): number {
  try {
    const answer = JSON.parse(body) as {partialSuccess?: {rejectedLogRecords?: unknown}} | null
    return Number(answer?.partialSuccess?.rejectedLogRecords ?? 0) || 0
  } catch {
    // The status line already said that the request was taken.
    return 0
  }
}
