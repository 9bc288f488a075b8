import type {Alert, AlertValue} from '../../schema/alert.ts'
import {priorityRank} from '../../schema/priority.ts'
import {isoTime} from '../../schema/time-text.ts'
import {fieldMap, filePath, valueText, wholeNumber} from './alert-values.ts'
import {type JsonTree, jsonText, ownObject} from './json-text.ts'

/** Version of the Elastic Common Schema that the names are from. */
const ECS_VERSION = '8.17.0'

/** How a value has to look in the common schema. */
type EcsType = 'keyword' | 'keywords' | 'long' | 'ip'

/** Our fields and the names and types that the Elastic Common Schema has for them. */
export const ECS_FIELDS: Readonly<Record<string, readonly [name: string, type: EcsType]>> = {
  'evt.type': ['event.action', 'keyword'],
  'proc.name': ['process.name', 'keyword'],
  'proc.pid': ['process.pid', 'long'],
  'proc.exepath': ['process.executable', 'keyword'],
  'proc.cmdline': ['process.command_line', 'keyword'],
  'proc.cwd': ['process.working_directory', 'keyword'],
  'proc.pname': ['process.parent.name', 'keyword'],
  'proc.ppid': ['process.parent.pid', 'long'],
  'proc.pexepath': ['process.parent.executable', 'keyword'],
  'proc.pcmdline': ['process.parent.command_line', 'keyword'],
  'thread.tid': ['process.thread.id', 'long'],
  'user.name': ['user.name', 'keyword'],
  'user.uid': ['user.id', 'keyword'],
  'group.name': ['group.name', 'keyword'],
  'group.gid': ['group.id', 'keyword'],
  'fd.filename': ['file.name', 'keyword'],
  'fd.directory': ['file.directory', 'keyword'],
  'fd.cip': ['client.ip', 'ip'],
  'fd.cport': ['client.port', 'long'],
  'fd.sip': ['server.ip', 'ip'],
  'fd.sport': ['server.port', 'long'],
  'fd.l4proto': ['network.transport', 'keyword'],
  'container.id': ['container.id', 'keyword'],
  'container.name': ['container.name', 'keyword'],
  'container.image.repository': ['container.image.name', 'keyword'],
  'container.image.tag': ['container.image.tag', 'keywords'],
  'k8s.ns.name': ['orchestrator.namespace', 'keyword'],
}

/**
 * One alert as a document of the Elastic Common Schema. Fields that the schema has no place for stand below
 * `detector.fields` as text, with `_` for the dots of their names, which would be objects otherwise.
 */
export function formatEcs(alert: Alert): string {
  const fields = fieldMap(alert)
  const known: (readonly [string, JsonTree])[] = []
  for (const [field, [name, type]] of Object.entries(ECS_FIELDS)) {
    const value = ecsValue(fields.get(field), type)
    if (value !== undefined) known.push([name, value])
  }
  const path = filePath(fields)
  if (path !== undefined) known.push(['file.path', path])
  const pod = fields.get('k8s.pod.name')
  if (typeof pod === 'string' && pod !== '')
    known.push(['orchestrator.resource.name', pod], ['orchestrator.resource.type', 'pod'])
  return jsonText({
    '@timestamp': isoTime(alert.timeNs, 'Z'),
    ...nested([
      ['ecs.version', ECS_VERSION],
      ['event.kind', 'alert'],
      ['event.category', ['intrusion_detection']],
      ['event.type', ['info']],
      ['event.id', alert.id],
      ['event.module', 'detector'],
      ['event.dataset', 'detector.alerts'],
      ['event.severity', priorityRank(alert.priority)],
      ['event.provider', alert.source],
      ['log.level', alert.priority.toLowerCase()],
      ['log.syslog.severity.code', priorityRank(alert.priority)],
      ['rule.name', alert.rule],
      ['host.hostname', alert.hostname],
      ['host.name', alert.hostname],
      ...known,
    ]),
    message: alert.message,
    tags: alert.tags,
    detector: {
      generation: alert.generation,
      incomplete: alert.incomplete,
      fields: ownObject(
        [...fields].map(([name, value]) => [name.replaceAll('.', '_'), valueText(value)] as const),
      ),
    },
  })
}

function ecsValue(value: AlertValue | undefined, type: EcsType): JsonTree {
  if (value === undefined || value === null || value === '') return undefined
  if (type === 'long') return wholeNumber(value)
  const text = valueText(value)
  // An index refuses the whole document for one value that is no address.
  if (type === 'ip' && !/^[0-9a-fA-F:.]{2,45}$/.test(text)) return undefined
  return type === 'keywords' ? [text] : text
}

/** Objects within objects from dotted names; the names are our own. */
function nested(entries: readonly (readonly [string, JsonTree])[]): Record<string, JsonTree> {
  const root: Record<string, JsonTree> = {}
  for (const [name, value] of entries) {
    const steps = name.split('.')
    const last = steps.pop()!
    let at = root
    for (const step of steps) {
      at[step] ??= {}
      at = at[step] as Record<string, JsonTree>
    }
    at[last] = value
  }
  return root
}
