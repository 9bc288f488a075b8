import type {Alert, AlertValue} from '../../schema/alert.ts'
import {isoTime} from '../../schema/time-text.ts'
import {alertLine} from './text.ts'

/** Which properties the JSON form has. */
export interface JsonOptions {
  readonly isoTime: boolean
  readonly includeOutput: boolean
  readonly includeOutputFields: boolean
  readonly includeTags: boolean
  readonly includeMessage: boolean
}

/** One alert as one JSON object on one line (no line end): keys sorted at every level, integers exact at any size. */
export function formatJson(alert: Alert, options: JsonOptions): string {
  const members: [string, string][] = [['hostname', text(alert.hostname)]]
  if (alert.incomplete !== undefined) members.push(['incomplete', jsonValue(alert.incomplete)])
  if (options.includeMessage) members.push(['message', text(alert.message)])
  if (options.includeOutput) members.push(['output', text(alertLine(alert, options))])
  if (options.includeOutputFields) members.push(['output_fields', outputFields(alert, options)])
  members.push(
    ['priority', text(alert.priority)],
    ['rule', text(alert.rule)],
    ['source', text(alert.source)],
  )
  if (options.includeTags) members.push(['tags', jsonValue(alert.tags)])
  members.push(['time', text(isoTime(alert.timeNs, 'Z'))])
  return jsonObject(members)
}

/** The fields of the message and the time that stands before it; a name given twice keeps its last value. */
function outputFields(alert: Alert, options: JsonOptions): string {
  const fields = new Map<string, AlertValue>(alert.fields)
  fields.set(options.isoTime ? 'evt.time.iso8601' : 'evt.time', alert.timeNs)
  const names = [...fields.keys()].sort()
  return jsonObject(names.map(name => [name, jsonValue(fields.get(name) ?? null)]))
}

function jsonObject(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([key, value]) => `${text(key)}:${value}`).join(',')}}`
}

function jsonValue(value: AlertValue): string {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null'
  if (Array.isArray(value)) return `[${value.map(jsonValue).join(',')}]`
  return String(value)
}

function text(value: string): string {
  return JSON.stringify(value.replace(/[\ud800-\udfff]/gu, '\ufffd'))
}
