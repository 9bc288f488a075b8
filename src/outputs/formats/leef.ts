import type {Alert, AlertValue} from '../../schema/alert.ts'
import type {Priority} from '../../schema/priority.ts'
import {fieldMap, valueText} from './alert-values.ts'
import {cutText, wellFormed} from './visible-text.ts'

/** LEEF severities go from 1 to 10, most severe last. */
const SEVERITIES: Readonly<Record<Priority, number>> = {
  Emergency: 10,
  Alert: 9,
  Critical: 8,
  Error: 7,
  Warning: 5,
  Notice: 3,
  Informational: 2,
  Debug: 1,
}

/** Our fields and the predefined LEEF attributes that mean the same. */
export const LEEF_FIELDS: Readonly<Record<string, string>> = {
  'user.name': 'usrName',
  'group.name': 'groupID',
  'fd.l4proto': 'proto',
  'fd.cip': 'src',
  'fd.cport': 'srcPort',
  'fd.sip': 'dst',
  'fd.sport': 'dstPort',
}

/** Fields that LEEF has no name for, under names of our own: letters and digits only. */
const CUSTOM: Readonly<Record<string, string>> = {
  'evt.type': 'eventType',
  'proc.name': 'processName',
  'proc.pid': 'processId',
  'proc.cmdline': 'commandLine',
  'proc.exepath': 'executable',
  'proc.pname': 'parentProcessName',
  'fd.name': 'fileName',
  'container.id': 'containerId',
  'container.image.repository': 'containerImage',
}

/** Longest line, in UTF-16 units; attributes that do not fit any more are left out. */
const MAX_LINE = 16 * 1024
const MAX_VALUE = 4096
/** Attributes are divided by tabs, and no value holds one. */
const DELIMITER = '\t'

/** One alert as a line of the Log Event Extended Format, version 2.0. `version` is that of the detector. */
export function formatLeef(alert: Alert, version: string): string {
  const header = ['LEEF:2.0', 'detector', 'detector', version, alert.rule]
    .map(part => plain(cutText(part, 255)).replace(/[|^=]/g, '_'))
    .join('|')
  const fields = fieldMap(alert)
  const pairs: (readonly [string, AlertValue])[] = [
    ['cat', alert.source],
    ['devTime', Number(alert.timeNs / 1_000_000n)],
    ['sev', SEVERITIES[alert.priority]],
    ['identHostName', alert.hostname],
    ['alertId', alert.id],
    ['priority', alert.priority],
    ['tags', alert.tags],
  ]
  for (const [field, key] of Object.entries({...LEEF_FIELDS, ...CUSTOM})) {
    const value = fields.get(field)
    if (value !== undefined) pairs.push([key, value])
  }
  pairs.push(['msg', alert.message])
  let line = `${header}|x09|`
  let delimiter = ''
  for (const [key, value] of pairs) {
    const text = plain(cutText(valueText(value), MAX_VALUE))
    if (text === '') continue
    const pair = `${delimiter}${key}=${text}`
    if (line.length + pair.length > MAX_LINE) continue
    line += pair
    delimiter = DELIMITER
  }
  return line
}

/** LEEF has no escapes: what would end a line or an attribute becomes a blank. */
function plain(text: string): string {
  return wellFormed(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
}
