import type {Alert, AlertValue} from '../../schema/alert.ts'
import {type Priority, priorityRank} from '../../schema/priority.ts'
import {fieldMap, filePath, valueText} from './alert-values.ts'
import {cutText, wellFormed} from './visible-text.ts'

/** CEF severities go from 0 to 10, most severe last. */
const SEVERITIES: Readonly<Record<Priority, number>> = {
  Emergency: 10,
  Alert: 9,
  Critical: 8,
  Error: 7,
  Warning: 5,
  Notice: 3,
  Informational: 1,
  Debug: 0,
}

/** Our fields, the key of the CEF dictionary that means the same, and the longest value that the dictionary allows. */
export const CEF_FIELDS: Readonly<Record<string, readonly [key: string, max: number]>> = {
  'evt.type': ['act', 63],
  'proc.name': ['sproc', 1023],
  'proc.pid': ['spid', 10],
  'user.name': ['suser', 1023],
  'user.uid': ['suid', 1023],
  'fd.filename': ['fname', 1023],
  'fd.l4proto': ['proto', 31],
  'fd.cip': ['src', 45],
  'fd.cport': ['spt', 5],
  'fd.sip': ['dst', 45],
  'fd.sport': ['dpt', 5],
}

/** Longest line, in UTF-16 units; fields that do not fit any more are left out. */
const MAX_LINE = 16 * 1024
const MAX_VALUE = 1023
/** Custom strings of the dictionary take 4000 characters. */
const MAX_CUSTOM = 4000

/** Custom strings with what they hold. The dictionary has six. */
const CUSTOM: readonly (readonly [field: string, label: string])[] = [
  ['proc.cmdline', 'commandLine'],
  ['proc.exepath', 'executable'],
  ['proc.pname', 'parentProcess'],
  ['container.id', 'containerId'],
  ['container.image.repository', 'containerImage'],
]

/** One alert as a line of the Common Event Format, version 0. `version` is that of the detector. */
export function formatCef(alert: Alert, version: string): string {
  const header = ['CEF:0', 'detector', 'detector', version, alert.rule, alert.rule]
    .map(part => escapeHeader(cutText(part, 512)))
    .join('|')
  const fields = fieldMap(alert)
  const pairs: (readonly [string, AlertValue, number])[] = [
    ['rt', Number(alert.timeNs / 1_000_000n), 20],
    ['externalId', alert.id, 40],
    ['dvchost', alert.hostname, 100],
    ['cat', alert.source, 1023],
    ['msg', alert.message, 1023],
  ]
  for (const [field, [key, max]] of Object.entries(CEF_FIELDS)) {
    const value = fields.get(field)
    if (value !== undefined) pairs.push([key, value, max])
  }
  const path = filePath(fields)
  if (path !== undefined) pairs.push(['filePath', path, MAX_VALUE])
  const custom = CUSTOM.filter(([field]) => fields.has(field)).map(
    ([field, label]) => [fields.get(field)!, label] as const,
  )
  if (alert.tags.length > 0) custom.push([alert.tags, 'tags'])
  for (const [index, [value, label]] of custom.entries()) {
    pairs.push([`cs${index + 1}`, value, MAX_CUSTOM], [`cs${index + 1}Label`, label, MAX_VALUE])
  }
  pairs.push(['cn1', priorityRank(alert.priority), 20], ['cn1Label', 'priority', MAX_VALUE])
  let line = `${header}|${SEVERITIES[alert.priority]}|`
  let blank = ''
  for (const [key, value, max] of pairs) {
    const text = valueText(value)
    if (text === '') continue
    const pair = `${blank}${key}=${escapeValue(cutText(text, max))}`
    if (line.length + pair.length > MAX_LINE) continue
    line += pair
    blank = ' '
  }
  return line
}

/** In the header a pipe ends a part, and a line end would end the record. */
function escapeHeader(text: string): string {
  return withoutControls(text.replace(/\r\n|[\r\n]/g, ' ').replace(/[\\|]/g, '\\$&'))
}

/** In a value an equals sign would begin the next key; line ends are written as `\n`. */
function escapeValue(text: string): string {
  return withoutControls(
    text
      .replace(/[\\=]/g, '\\$&')
      .replace(/\r\n|\n/g, '\\n')
      .replace(/\r/g, '\\r'),
  )
}

function withoutControls(text: string): string {
  return wellFormed(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
}
