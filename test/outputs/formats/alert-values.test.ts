import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {boundAlert, fieldMap, filePath, fleetId} from '../../../src/outputs/formats/alert-values.ts'
import {cutBytes, cutText, visibleText} from '../../../src/outputs/formats/visible-text.ts'
import {mkAlert} from '../../support/alerts.ts'

describe('filePath', () => {
  const cases: {name: string; fields: Record<string, string>; want: string | undefined}[] = [
    {name: 'a path as the name of a descriptor', fields: {'fd.name': '/etc/x'}, want: '/etc/x'},
    {name: 'a connection', fields: {'fd.name': '1.2.3.4:5->6.7.8.9:10'}, want: undefined},
    {
      name: 'folder and file',
      fields: {'fd.directory': '/etc', 'fd.filename': 'x'},
      want: '/etc/x',
    },
    {name: 'a file below the root', fields: {'fd.directory': '/', 'fd.filename': 'x'}, want: '/x'},
    {name: 'a folder alone', fields: {'fd.directory': '/etc'}, want: undefined},
  ]
  for (const {name, fields, want} of cases) {
    it(`knows ${name}`, () => {
      assert.equal(filePath(fieldMap(mkAlert({fields: Object.entries(fields)}))), want)
    })
  }
})

describe('fleetId', () => {
  it('differs by host and is bounded', () => {
    assert.equal(fleetId(mkAlert()), 'a1@box')
    assert.ok(Buffer.byteLength(fleetId(mkAlert({hostname: 'é'.repeat(999)}))) <= 255)
  })
})

describe('boundAlert', () => {
  it('leaves an alert of common size as it is', () => {
    const alert = mkAlert({fields: [['a', ['b', 1n, null]]], tags: ['t']})
    assert.deepEqual(boundAlert(alert), alert)
  })

  it('bounds texts, lists and their sum', () => {
    const long = 'x'.repeat(100_000)
    const list = Array.from({length: 999}, () => long)
    const fields = Array.from({length: 999}, (_, i) => [`f${i}`, list] as const)
    const alert = boundAlert(mkAlert({message: long, fields, tags: list}))
    assert.equal(alert.message.length <= 32 * 1024, true)
    assert.deepEqual([alert.fields.length, alert.tags.length], [256, 256])
    assert.ok(JSON.stringify(alert.fields).length < 320 * 1024)
  })
})

describe('cutText and cutBytes', () => {
  for (const max of [2, 3, 4, 5, 6, 7]) {
    it(`cut between characters at ${max}`, () => {
      const text = cutText('😀😀😀😀', max)
      assert.ok(text.length <= max && !/[\ud800-\udbff]$|[\ud800-\udbff]…/.test(text), text)
      const bytes = cutBytes('é漢😀é漢😀', max)
      assert.ok(bytes.length <= max && !bytes.toString().includes('\ufffd'))
    })
  }
})

describe('visibleText', () => {
  it('spells out what cannot be seen', () => {
    assert.equal(
      visibleText('a\n\u001b\u202e\ufeff\ud800b é'),
      'a\\u000a\\u001b\\u202e\\ufeff\ufffdb é',
    )
  })
})
