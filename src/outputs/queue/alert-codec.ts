import type {Alert, AlertValue} from '../../schema/alert.ts'
import {PRIORITIES} from '../../schema/priority.ts'

/** An alert as JSON text that {@link decodeAlert} gives back unchanged: a `bigint` stands as `{"n":"123"}`. */
export function encodeAlert(alert: Alert): string {
  return JSON.stringify({
    ...alert,
    timeNs: String(alert.timeNs),
    fields: alert.fields.map(([name, value]) => [name, encodeValue(value)]),
  })
}

/** Reads what {@link encodeAlert} wrote; undefined when it is not an alert. Never throws. */
export function decodeAlert(text: string): Alert | undefined {
  try {
    const raw = JSON.parse(text) as Record<string, unknown>
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined
    const {id, timeNs, hostname, rule, priority, source, tags, message, fields, generation} = raw
    const texts = [id, timeNs, hostname, rule, source, message]
    if (!texts.every(value => typeof value === 'string')) return undefined
    if (!PRIORITIES.some(name => name === priority) || !Array.isArray(tags)) return undefined
    if (!Array.isArray(fields) || typeof generation !== 'number') return undefined
    return {
      ...(raw as unknown as Alert),
      timeNs: BigInt(timeNs as string),
      fields: fields.map(([name, value]: [unknown, unknown]) => [String(name), decodeValue(value)]),
    }
  } catch {
    // No JSON, no number, or nested too deeply: no alert of ours.
    return undefined
  }
}

function encodeValue(value: AlertValue): unknown {
  if (typeof value === 'bigint') return {n: String(value)}
  return Array.isArray(value) ? value.map(encodeValue) : value
}

function decodeValue(value: unknown): AlertValue {
  if (Array.isArray(value)) return value.map(decodeValue)
  if (typeof value === 'object' && value !== null) return BigInt((value as {n: string}).n)
  return value as AlertValue
}
