import type {Alert, AlertValue} from '../../schema/alert.ts'
import {cutBytes, cutText} from './visible-text.ts'

/** Longest text of one value, UTF-16 units. */
const MAX_TEXT = 32 * 1024
/** Fields of an alert, and elements of a list, at most. */
const MAX_ITEMS = 256
/** Texts of all values together; what comes later is cut to a short beginning. */
const MAX_TOTAL = 256 * 1024
const SHORT = 64
/** What a number counts for. */
const NUMBER_LENGTH = 8

/** The alert with every text, every list and their sum bounded. Its id and times stay as they are. */
export function boundAlert(alert: Alert): Alert {
  let left = MAX_TOTAL
  const text = (value: string): string => {
    const cut = cutText(value, Math.max(SHORT, Math.min(MAX_TEXT, left)))
    left -= cut.length
    return cut
  }
  const bounded = (value: AlertValue): AlertValue => {
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) return value.slice(0, left > 0 ? MAX_ITEMS : 1).map(bounded)
    left -= NUMBER_LENGTH
    return value
  }
  return {
    ...alert,
    rule: text(alert.rule),
    tags: alert.tags.slice(0, MAX_ITEMS).map(text),
    message: text(alert.message),
    fields: alert.fields.slice(0, MAX_ITEMS).map(([name, value]) => [text(name), bounded(value)]),
  }
}

/** The fields of an alert by name; a name given twice keeps its last value. Absent values are left out. */
export function fieldMap(alert: Alert): ReadonlyMap<string, AlertValue> {
  return new Map(alert.fields.filter(([, value]) => value !== null))
}

/** A value as text: lists are joined with commas, null is empty. */
export function valueText(value: AlertValue): string {
  if (value === null) return ''
  return Array.isArray(value) ? value.map(valueText).join(',') : String(value)
}

/** A whole number that JSON carries exactly; undefined for anything else. */
export function wholeNumber(value: AlertValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
}

/** `key: value` unless the value is missing; for building objects whose keys are optional. */
export function optional<K extends string, V>(key: K, value: V | undefined): {[P in K]?: V} {
  return value === undefined ? {} : ({[key]: value} as {[P in K]?: V})
}

/**
 * The path of the file that an alert is about: `fd.name` where it is a path, else folder and name of the file; undefined
 * when there is none.
 */
export function filePath(fields: ReadonlyMap<string, AlertValue>): string | undefined {
  const whole = fields.get('fd.name')
  if (typeof whole === 'string' && whole.startsWith('/')) return whole
  const folder = fields.get('fd.directory')
  const name = fields.get('fd.filename')
  if (typeof folder !== 'string' || typeof name !== 'string' || name === '') return undefined
  return `${folder.replace(/\/$/, '')}/${name}`
}

/** The alert's id and its host, up to 255 bytes: for receivers that merge what has the same key, whoever sent it. */
export function fleetId(alert: Alert): string {
  return cutBytes(`${alert.id}@${alert.hostname}`, 255).toString()
}
