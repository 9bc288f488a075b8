import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {alertFormat} from '../../../src/outputs/formats/alert-format.ts'
import {CEF_FIELDS} from '../../../src/outputs/formats/cef.ts'
import {LEEF_FIELDS} from '../../../src/outputs/formats/leef.ts'
import type {Alert} from '../../../src/schema/alert.ts'
import {PRIORITIES} from '../../../src/schema/priority.ts'
import {mkAlert} from '../../support/alerts.ts'
import {FULL_FIELDS, fullAlert, hostileAlerts} from '../../support/full-alert.ts'

const formats = {
  isoTime: true,
  json: {includeOutput: true, includeOutputFields: true, includeTags: true, includeMessage: true},
  version: '1.2.3',
}
const cef = (alert: Alert): string => alertFormat('cef', formats).render(alert)
const leef = (alert: Alert): string => alertFormat('leef', formats).render(alert)
/** Controls, line ends of every kind, and halves of surrogate pairs. */
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|[\ud800-\udbff](?![\udc00-\udfff])/

interface Parsed {
  readonly header: readonly string[]
  readonly values: ReadonlyMap<string, string>
}

/** Reads CEF strictly: https://www.microfocus.com/documentation/arcsight, Implementing CEF, version 25. */
function parseCef(line: string): Parsed {
  const match = /^CEF:0\|((?:(?:[^|\\]|\\[|\\])*\|){6})(.*)$/su.exec(line)
  assert.ok(match, line.slice(0, 200))
  const header = [...match[1]!.matchAll(/((?:[^|\\]|\\[|\\])*)\|/gsu)].map(part =>
    part[1]!.replace(/\\([|\\])/g, '$1'),
  )
  const values = new Map<string, string>()
  const extension = match[2]!
  const pair = /([A-Za-z0-9]+)=((?:[^=\\]|\\[=\\nr])*?)(?: (?=[A-Za-z0-9]+=)|$)/suy
  while (pair.lastIndex < extension.length) {
    const at = pair.lastIndex
    const found = pair.exec(extension)
    assert.ok(found, extension.slice(at, at + 100))
    assert.equal(values.has(found[1]!), false, `${found[1]} twice`)
    values.set(
      found[1]!,
      found[2]!.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c === 'r' ? '\r' : c)),
    )
  }
  return {header, values}
}

/** Keys of the CEF dictionary that we write, with the longest value of each. */
const CEF_KEYS: Readonly<Record<string, number>> = {
  act: 63,
  cat: 1023,
  cn1: 20,
  cn1Label: 1023,
  cs1: 4000,
  cs1Label: 1023,
  cs2: 4000,
  cs2Label: 1023,
  cs3: 4000,
  cs3Label: 1023,
  cs4: 4000,
  cs4Label: 1023,
  cs5: 4000,
  cs5Label: 1023,
  cs6: 4000,
  cs6Label: 1023,
  dpt: 5,
  dst: 45,
  dvchost: 100,
  externalId: 40,
  filePath: 1023,
  fname: 1023,
  msg: 1023,
  proto: 31,
  rt: 20,
  spid: 10,
  spt: 5,
  sproc: 1023,
  src: 45,
  suid: 1023,
  suser: 1023,
}

describe('formatCef', () => {
  it('writes the whole of an alert', () => {
    const {header, values} = parseCef(cef(fullAlert()))
    assert.deepEqual(header, [
      ...['detector', 'detector', '1.2.3', 'Read sensitive file', 'Read sensitive file', '5'],
    ])
    for (const [field, [key]] of Object.entries(CEF_FIELDS)) {
      assert.equal(values.get(key), String(FULL_FIELDS[field]), key)
    }
    assert.equal(values.get('filePath'), '/etc/shadow')
    assert.equal(values.get('rt'), '1470327477881')
    const custom = [1, 2, 3, 4, 5, 6].map(n => [values.get(`cs${n}Label`), values.get(`cs${n}`)])
    assert.deepEqual(custom, [
      ['commandLine', 'cat /etc/shadow'],
      ['executable', '/usr/bin/cat'],
      ['parentProcess', 'bash'],
      ['containerId', '3ad7b26ded6d'],
      ['containerImage', 'docker.io/library/nginx'],
      ['tags', 'T1003,filesystem'],
    ])
  })

  it('keeps to the grammar, the dictionary and the lengths whatever the alert holds', () => {
    for (const alert of hostileAlerts()) {
      const line = cef(alert)
      assert.doesNotMatch(line, FORBIDDEN)
      assert.ok(line.length <= 16 * 1024)
      for (const [key, value] of parseCef(line).values) {
        assert.ok(key in CEF_KEYS, key)
        assert.ok(value.length <= CEF_KEYS[key]!, `${key} has ${value.length}`)
      }
    }
  })

  const texts = [
    {name: 'a pipe', text: 'a|b'},
    {name: 'an equals sign', text: 'x a=b'},
    {name: 'a backslash', text: 'a\\n\\'},
    {name: 'a line end', text: 'a\nb', inHeader: 'a b'},
  ]
  for (const {name, text, inHeader = text} of texts) {
    it(`gives back ${name}`, () => {
      const {header, values} = parseCef(cef(mkAlert({rule: text, message: text})))
      assert.deepEqual([header[3], header[4], values.get('msg')], [inHeader, inHeader, text])
    })
  }

  it('has a severity for each priority', () => {
    const severities = PRIORITIES.map(priority => parseCef(cef(mkAlert({priority}))).header[5])
    assert.deepEqual(severities, ['10', '9', '8', '7', '5', '3', '1', '0'])
  })
})

/** Reads LEEF 2.0 strictly: https://www.ibm.com/docs/en/dsm?topic=overview-leef-event-components. */
function parseLeef(line: string): Parsed {
  const match = /^LEEF:2\.0\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|x09\|(.*)$/su.exec(line)
  assert.ok(match, line.slice(0, 200))
  const values = new Map<string, string>()
  for (const pair of match[5]!.split('\t')) {
    const equals = pair.indexOf('=')
    const key = pair.slice(0, equals)
    assert.match(key, /^[A-Za-z0-9]+$/)
    assert.equal(values.has(key), false, `${key} twice`)
    values.set(key, pair.slice(equals + 1))
  }
  return {header: match.slice(1, 5), values}
}

/** Predefined attributes that we write: https://www.ibm.com/docs/en/dsm?topic=overview-predefined-leef-event-attributes. */
const LEEF_PREDEFINED = new Set([
  ...['cat', 'devTime', 'proto', 'sev', 'src', 'dst', 'srcPort', 'dstPort', 'usrName'],
  ...['identHostName', 'groupID'],
])

describe('formatLeef', () => {
  it('writes the whole of an alert', () => {
    const {header, values} = parseLeef(leef(fullAlert()))
    assert.deepEqual(header, ['detector', 'detector', '1.2.3', 'Read sensitive file'])
    for (const [field, key] of Object.entries(LEEF_FIELDS)) {
      assert.ok(LEEF_PREDEFINED.has(key), key)
      assert.equal(values.get(key), String(FULL_FIELDS[field]), key)
    }
    assert.equal(values.get('commandLine'), 'cat /etc/shadow')
    assert.equal(values.get('devTime'), '1470327477881')
  })

  it('keeps to the grammar whatever the alert holds', () => {
    for (const alert of hostileAlerts()) {
      const line = leef(alert)
      assert.doesNotMatch(line.replaceAll('\t', ''), FORBIDDEN)
      assert.ok(line.length <= 16 * 1024)
      const {values} = parseLeef(line)
      assert.match(values.get('sev') ?? '', /^([1-9]|10)$/)
    }
  })

  it('has a severity for each priority', () => {
    const severities = PRIORITIES.map(priority =>
      parseLeef(leef(mkAlert({priority}))).values.get('sev'),
    )
    assert.deepEqual(severities, ['10', '9', '8', '7', '5', '3', '2', '1'])
  })
})
