import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv} from 'ajv'
import {describe, it} from 'mocha'
import {alertFormat} from '../../../src/outputs/formats/alert-format.ts'
import {ALERT_SCHEMA, formatDetectorJson} from '../../../src/outputs/formats/detector-json.ts'
import {ECS_FIELDS} from '../../../src/outputs/formats/ecs.ts'
import {packageRoot} from '../../../src/paths.ts'
import type {Alert} from '../../../src/schema/alert.ts'
import type {FormatName} from '../../../src/schema/config/output-config.ts'
import {PRIORITIES} from '../../../src/schema/priority.ts'
import {mkAlert} from '../../support/alerts.ts'
import {FULL_FIELDS, fullAlert, hostileAlerts} from '../../support/full-alert.ts'

const formats = {
  isoTime: true,
  json: {includeOutput: true, includeOutputFields: true, includeTags: true, includeMessage: true},
  version: '1.2.3',
}
type Tree = {readonly [key: string]: unknown}
const parse = (name: FormatName, alert: Alert): Tree =>
  JSON.parse(alertFormat(name, formats).render(alert)) as Tree

/** Dotted paths to every leaf of an object. */
function leaves(tree: unknown, path = ''): [string, unknown][] {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return [[path, tree]]
  return Object.entries(tree).flatMap(([key, value]) =>
    leaves(value, path === '' ? key : `${path}.${key}`),
  )
}

describe('every JSON format', () => {
  for (const name of ['detector', 'falco', 'ecs', 'ocsf'] as const) {
    it(`${name} is one bounded line of JSON whatever the alert holds`, () => {
      for (const alert of hostileAlerts()) {
        const line = alertFormat(name, formats).render(alert)
        assert.doesNotMatch(
          line,
          /[\u0000-\u001f]|[\ud800-\udfff](?<![\ud800-\udbff][\udc00-\udfff])(?![\udc00-\udfff])/,
        )
        assert.ok(Buffer.byteLength(line) < 8 * 1024 * 1024)
        JSON.parse(line)
      }
    })
  }
})

describe('formatDetectorJson', () => {
  const ajv = new Ajv({allErrors: true})
  const check = ajv.compile(ALERT_SCHEMA)

  it('has everything that is known of an alert', () => {
    const alert = mkAlert({
      fields: [
        ['a', 18446744073709551615n],
        ['__proto__', null],
      ],
      tags: ['t'],
      incomplete: ['state'],
    })
    assert.equal(
      formatDetectorJson(alert),
      '{"version":1,"id":"a1","time":"2016-08-04T16:17:57.881781397Z","host":"box",' +
        '"rule":"Test rule","priority":"Warning","severity":4,"source":"syscall","tags":["t"],' +
        '"message":"something happened","fields":{"a":18446744073709551615,"__proto__":null},' +
        '"incomplete":["state"],"generation":1}',
    )
  })

  it('fits its schema', () => {
    const alerts = [...PRIORITIES.map(priority => mkAlert({priority})), ...hostileAlerts()]
    for (const alert of alerts) {
      assert.ok(check(parse('detector', alert)), JSON.stringify(check.errors))
    }
  })

  it('has its schema in the documentation', () => {
    const text = readFileSync(join(packageRoot, 'docs', 'alert.schema.json'), 'utf8')
    assert.deepEqual(JSON.parse(text), ALERT_SCHEMA)
  })
})

/**
 * Fields and types of the Elastic Common Schema 8.17 (https://www.elastic.co/guide/en/ecs/8.17), those that we write.
 */
const ECS_TYPES: Readonly<Record<string, 'keyword' | 'long' | 'ip' | 'date' | 'list'>> = {
  '@timestamp': 'date',
  message: 'keyword',
  tags: 'list',
  'ecs.version': 'keyword',
  'event.kind': 'keyword',
  'event.category': 'list',
  'event.type': 'list',
  'event.id': 'keyword',
  'event.module': 'keyword',
  'event.dataset': 'keyword',
  'event.severity': 'long',
  'event.provider': 'keyword',
  'event.action': 'keyword',
  'log.level': 'keyword',
  'log.syslog.severity.code': 'long',
  'rule.name': 'keyword',
  'host.hostname': 'keyword',
  'host.name': 'keyword',
  'process.name': 'keyword',
  'process.pid': 'long',
  'process.executable': 'keyword',
  'process.command_line': 'keyword',
  'process.working_directory': 'keyword',
  'process.thread.id': 'long',
  'process.parent.name': 'keyword',
  'process.parent.pid': 'long',
  'process.parent.executable': 'keyword',
  'process.parent.command_line': 'keyword',
  'user.name': 'keyword',
  'user.id': 'keyword',
  'group.name': 'keyword',
  'group.id': 'keyword',
  'file.name': 'keyword',
  'file.path': 'keyword',
  'file.directory': 'keyword',
  'client.ip': 'ip',
  'client.port': 'long',
  'server.ip': 'ip',
  'server.port': 'long',
  'network.transport': 'keyword',
  'container.id': 'keyword',
  'container.name': 'keyword',
  'container.image.name': 'keyword',
  'container.image.tag': 'list',
  'orchestrator.namespace': 'keyword',
  'orchestrator.resource.name': 'keyword',
  'orchestrator.resource.type': 'keyword',
}

const ECS_CHECKS: Readonly<Record<(typeof ECS_TYPES)[string], (value: unknown) => boolean>> = {
  keyword: value => typeof value === 'string',
  long: value => Number.isSafeInteger(value),
  ip: value => typeof value === 'string' && /^[0-9a-fA-F:.]+$/.test(value),
  date: value => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  list: value => Array.isArray(value) && value.every(item => typeof item === 'string'),
}

describe('formatEcs', () => {
  it('writes nothing but published fields, each in its type', () => {
    for (const alert of [mkAlert(), fullAlert(), ...hostileAlerts()]) {
      for (const [path, value] of leaves(parse('ecs', alert))) {
        if (path.startsWith('detector.')) continue
        const type = ECS_TYPES[path]
        assert.ok(type, `${path} is no field`)
        assert.ok(ECS_CHECKS[type](value), `${path}: ${JSON.stringify(value)}`)
      }
    }
  })

  it('has a place for every field that is known, and keeps all', () => {
    const document = parse('ecs', fullAlert())
    const found = new Map(leaves(document))
    for (const [field, [name, type]] of Object.entries(ECS_FIELDS)) {
      const value = FULL_FIELDS[field]!
      const want = type === 'long' ? value : type === 'keywords' ? [value] : String(value)
      assert.deepEqual(found.get(name), want, name)
      assert.equal(found.get(`detector.fields.${field.replaceAll('.', '_')}`), String(value))
    }
    assert.equal(found.get('file.path'), '/etc/shadow')
    assert.equal(found.get('orchestrator.resource.name'), 'web-0')
    assert.deepEqual(found.get('event.category'), ['intrusion_detection'])
  })

  it('leaves out what would be refused', () => {
    const fields = [
      ['proc.pid', 'x'],
      ['fd.sip', 'no address'],
      ['fd.sport', 1n << 63n],
      ['user.name', null],
    ] as const
    const found = new Map(leaves(parse('ecs', mkAlert({fields}))))
    for (const name of ['process.pid', 'server.ip', 'server.port', 'user.name']) {
      assert.equal(found.has(name), false, name)
    }
  })
})

/**
 * Attributes of Detection Finding and of the objects in it, of those that we write, with what the schema requires:
 * https://github.com/ocsf/ocsf-schema, events/findings and objects.
 */
const OCSF: Readonly<Record<string, {attributes: string; required: string; oneOf?: string}>> = {
  event: {
    attributes:
      'activity_id activity_name category_uid category_name class_uid class_name type_uid type_name severity_id severity status_id status is_alert time message metadata finding_info device evidences unmapped',
    required: 'activity_id category_uid class_uid type_uid severity_id time metadata finding_info',
  },
  metadata: {
    attributes: 'version product profiles uid labels log_name log_provider',
    required: 'version product',
  },
  product: {attributes: 'name vendor_name version', required: 'name'},
  finding_info: {attributes: 'uid title desc created_time analytic', required: 'uid title'},
  analytic: {attributes: 'name type_id type', required: 'type_id'},
  device: {attributes: 'hostname name type_id type', required: 'type_id'},
  evidences: {
    attributes: 'process actor file src_endpoint dst_endpoint',
    required: '',
    oneOf: 'process actor file src_endpoint dst_endpoint',
  },
  actor: {attributes: 'process user', required: '', oneOf: 'process user'},
  process: {
    attributes: 'pid name cmd_line file user container parent_process',
    required: '',
    oneOf: 'pid uid',
  },
  parent_process: {attributes: 'pid name cmd_line', required: '', oneOf: 'pid uid'},
  file: {attributes: 'name path type_id type parent_folder', required: 'name type_id'},
  user: {attributes: 'name uid', required: '', oneOf: 'name uid'},
  src_endpoint: {attributes: 'ip port', required: '', oneOf: 'ip'},
  dst_endpoint: {attributes: 'ip port', required: '', oneOf: 'ip'},
  container: {attributes: 'uid name image', required: ''},
  image: {attributes: 'uid name tag', required: 'uid'},
}
const OCSF_NUMBERS = /^(\w+_id|\w+_uid|time|created_time|pid|port)$/

function ocsfProblems(kind: string, object: Tree): string[] {
  if (kind === 'unmapped') return []
  const known = OCSF[kind]
  if (known === undefined) return [`${kind} is no object`]
  const names = Object.keys(object)
  const problems = [
    ...names.filter(name => !known.attributes.split(' ').includes(name)).map(n => `${kind}.${n}`),
    ...known.required.split(' ').filter(name => name !== '' && !names.includes(name)),
  ]
  if (known.oneOf !== undefined && !known.oneOf.split(' ').some(name => names.includes(name)))
    problems.push(`${kind} has none of ${known.oneOf}`)
  for (const [name, value] of Object.entries(object)) {
    if (Array.isArray(value)) {
      for (const item of value)
        if (typeof item === 'object') problems.push(...ocsfProblems(name, item as Tree))
    } else if (typeof value === 'object') problems.push(...ocsfProblems(name, value as Tree))
    else if (name === 'is_alert') problems.push(...(value === true ? [] : [name]))
    else if ((typeof value === 'number') !== OCSF_NUMBERS.test(name))
      problems.push(`${kind}.${name} is ${typeof value}`)
  }
  return problems
}

describe('formatOcsf', () => {
  it('writes nothing but published attributes, with those that are required', () => {
    for (const alert of [mkAlert(), fullAlert(), ...hostileAlerts()]) {
      assert.deepEqual(ocsfProblems('event', parse('ocsf', alert)), [])
    }
  })

  it('is a Detection Finding that was created', () => {
    const {class_uid, type_uid, time, finding_info, evidences} = parse('ocsf', fullAlert())
    assert.deepEqual([class_uid, type_uid, time], [2004, 200_401, 1_470_327_477_881])
    assert.deepEqual(finding_info, {
      uid: 'a1',
      title: 'Read sensitive file',
      desc: 'shadow was read',
      created_time: 1_470_327_477_881,
      analytic: {name: 'Read sensitive file', type_id: 1, type: 'Rule'},
    })
    const [{process, file}] = evidences as [{process: Tree; file: Tree}]
    assert.deepEqual([process['pid'], process['cmd_line']], [4242, 'cat /etc/shadow'])
    assert.equal(file['path'], '/etc/shadow')
  })

  it('has a severity for each priority', () => {
    const severities = PRIORITIES.map(priority => parse('ocsf', mkAlert({priority}))['severity_id'])
    assert.deepEqual(severities, [6, 5, 5, 4, 3, 2, 1, 1])
  })
})

describe('the format falco', () => {
  it('has what falcosidekick demands', () => {
    for (const alert of hostileAlerts().filter(({rule}) => rule !== '')) {
      const payload = parse('falco', alert)
      for (const key of ['output', 'rule', 'priority', 'time', 'source', 'hostname']) {
        assert.equal(typeof payload[key], 'string', key)
      }
      assert.ok(Object.keys(payload['output_fields'] as object).length > 0)
      assert.ok(!Number.isNaN(Date.parse(payload['time'] as string)))
    }
  })
})
