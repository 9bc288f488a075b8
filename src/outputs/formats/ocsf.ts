import type {Alert, AlertValue} from '../../schema/alert.ts'
import type {Priority} from '../../schema/priority.ts'
import {fieldMap, filePath, valueText, wholeNumber} from './alert-values.ts'
import {type JsonTree, jsonText, ownObject} from './json-text.ts'

/** Version of the Open Cybersecurity Schema Framework that the attributes are from. */
const OCSF_VERSION = '1.4.0'

/** `severity_id` and its caption. */
const SEVERITIES: Readonly<Record<Priority, readonly [id: number, caption: string]>> = {
  Emergency: [6, 'Fatal'],
  Alert: [5, 'Critical'],
  Critical: [5, 'Critical'],
  Error: [4, 'High'],
  Warning: [3, 'Medium'],
  Notice: [2, 'Low'],
  Informational: [1, 'Informational'],
  Debug: [1, 'Informational'],
}

/** One alert as an event of the class Detection Finding (2004), activity Create. `version` is that of the detector. */
export function formatOcsf(alert: Alert, version: string): string {
  const [severityId, severity] = SEVERITIES[alert.priority]
  const fields = fieldMap(alert)
  const time = Number(alert.timeNs / 1_000_000n)
  const product = {name: 'detector', vendor_name: 'detector', version}
  const container = containerOf(fields)
  const evidence = evidenceOf(fields, container)
  return jsonText({
    activity_id: 1,
    activity_name: 'Create',
    category_uid: 2,
    category_name: 'Findings',
    class_uid: 2004,
    class_name: 'Detection Finding',
    type_uid: 200_401,
    type_name: 'Detection Finding: Create',
    severity_id: severityId,
    severity,
    status_id: 1,
    status: 'New',
    is_alert: true,
    time,
    message: alert.message,
    metadata: {
      version: OCSF_VERSION,
      profiles: container === undefined ? undefined : ['container'],
      product,
      uid: alert.id,
      labels: alert.tags,
      log_name: alert.source,
      log_provider: 'detector',
    },
    finding_info: {
      uid: alert.id,
      title: alert.rule,
      desc: alert.message,
      created_time: time,
      analytic: {name: alert.rule, type_id: 1, type: 'Rule'},
    },
    device: {hostname: alert.hostname, name: alert.hostname, type_id: 0, type: 'Unknown'},
    evidences: evidence === undefined ? undefined : [evidence],
    unmapped: {
      priority: alert.priority,
      generation: alert.generation,
      incomplete: alert.incomplete,
      fields: ownObject(fields),
    },
  })
}

type Fields = ReadonlyMap<string, AlertValue>

function evidenceOf(fields: Fields, container: JsonTree): JsonTree {
  const process = processOf(fields, container)
  return filled({
    process,
    actor: filled({process, user: userOf(fields)}),
    file: fileOf(fields),
    src_endpoint: endpointOf(fields, 'fd.cip', 'fd.cport'),
    dst_endpoint: endpointOf(fields, 'fd.sip', 'fd.sport'),
  })
}

/** The schema wants a process with its number at least. */
function processOf(fields: Fields, container: JsonTree): JsonTree {
  const pid = wholeNumber(fields.get('proc.pid'))
  if (pid === undefined) return undefined
  const parent = wholeNumber(fields.get('proc.ppid'))
  return {
    pid,
    name: text(fields, 'proc.name'),
    cmd_line: text(fields, 'proc.cmdline'),
    file: executableOf(text(fields, 'proc.exepath')),
    user: userOf(fields),
    container,
    parent_process:
      parent === undefined
        ? undefined
        : {
            pid: parent,
            name: text(fields, 'proc.pname'),
            cmd_line: text(fields, 'proc.pcmdline'),
          },
  }
}

function fileOf(fields: Fields): JsonTree {
  const path = filePath(fields)
  if (path === undefined) return undefined
  const slash = path.lastIndexOf('/')
  const folder = path.slice(0, slash) || '/'
  // A path that ends in a slash is a folder, which has a name all the same.
  return {name: path.slice(slash + 1) || path, type_id: 0, parent_folder: folder, path}
}

function executableOf(path: string | undefined): JsonTree {
  if (path === undefined) return undefined
  return {path, name: path.slice(path.lastIndexOf('/') + 1), type_id: 1, type: 'Regular File'}
}

function userOf(fields: Fields): JsonTree {
  return filled({name: text(fields, 'user.name'), uid: text(fields, 'user.uid')})
}

function endpointOf(fields: Fields, ip: string, port: string): JsonTree {
  const address = text(fields, ip)
  // An endpoint without an address is none to the schema.
  return address === undefined ? undefined : {ip: address, port: wholeNumber(fields.get(port))}
}

function containerOf(fields: Fields): JsonTree {
  const uid = text(fields, 'container.id')
  if (uid === undefined || uid === 'host') return undefined
  const image = text(fields, 'container.image.repository')
  return {
    uid,
    name: text(fields, 'container.name'),
    image:
      image === undefined
        ? undefined
        : {name: image, uid: image, tag: text(fields, 'container.image.tag')},
  }
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields.get(name)
  const found = value === undefined ? '' : valueText(value)
  return found === '' ? undefined : found
}

/** The object, unless nothing is in it. */
function filled(object: {readonly [key: string]: JsonTree}): JsonTree {
  return Object.values(object).some(value => value !== undefined) ? object : undefined
}
