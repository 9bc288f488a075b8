import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {fieldEventBinder} from '../../../src/compiler/field-events.ts'
import {bindTemplate} from '../../../src/compiler/output/bind-template.ts'
import {compileTemplate} from '../../../src/compiler/output/template.ts'
import {mkEvent} from '../evaluation.ts'

const hex = (text: string): {hex: string} => ({hex: Buffer.from(text, 'latin1').toString('hex')})

const event = {
  'proc.name': 'cat',
  'proc.cmdline': hex('caf\xc3\xa9 \xff'),
  'proc.pid': 7,
  'proc.apid': [3, 1],
  'proc.aname': ['bash', 'sshd'],
  'proc.aname[2]': 'sshd',
  'fd.name': '/etc/x',
  'fd.dev': -1,
  'fd.sip': '10.0.0.1',
  'fd.cip': '2001:db8:0:0:1:0:0:1',
  'fd.types': ['file', 'ipv4'],
  'evt.num': 12,
  'evt.rawtime': 1470327477881781397n,
  'evt.reltime': 5,
  'evt.failed': false,
  'evt.buffer': hex('a\0b\xff'),
  'thread.cpu': 2,
  'evt.rawarg.mode': 420,
  'fd.ip': ['10.0.0.1'],
  'evt.arg.flags': 'O_RDONLY',
}

function mkBound(text: string) {
  const compiled = compileTemplate(text)
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.problem.message)
  return bindTemplate(compiled.template, fieldEventBinder)
}

const texts: readonly [template: string, want: string][] = [
  ['plain', 'plain'],
  ['%proc.name', 'cat'],
  ['*%proc.name', 'cat'],
  ['a*%proc.name', 'a*cat'],
  ['%proc.nameand', 'catand'],
  ['%proc.name.', 'cat.'],
  ['%proc.name%fd.name', 'cat/etc/x'],
  ['%proc.aname[2]x', 'sshdx'],
  ['%proc.name[2]', 'cat[2]'],
  ['%proc.aname', 'bash sshd'],
  ['%proc.apid', '7'],
  ['%proc.ppid', '<NA>'],
  ['%8proc.name|', 'cat     |'],
  ['%2proc.name|', 'ca|'],
  ['%6proc.ppid|', '<NA>  |'],
  ['%0proc.name|', 'cat|'],
  ['%proc.cmdline', 'café \ufffd'],
  ['%fd.dev', 'FFFFFFFF'],
  ['%fd.sip %fd.cip', '10.0.0.1 2001:db8::1:0:0:1'],
  ['%fd.types', '(file,ipv4)'],
  ['%evt.reltime', '000000005'],
  ['%evt.failed', 'false'],
  ['%evt.buffer', 'a.b.'],
  ['%thread.cpu', '2.0'],
  ['%evt.rawarg.mode', '644'],
  ['%fd.ip', '<NA>'],
  ['%evt.arg.flagsx', 'O_RDONLYx'],
  ['%toupper(fd.name)', '/ETC/X'],
  ['%toupper(fd.name)[0]', '/ETC/X[0]'],
  ['%len(fd.name)!', '6!'],
  ['%join("-", (proc.name, proc.pid))', 'cat-7'],
  ['%toupper(proc.pname)', '<NA>'],
  ['%evt.time.iso8601', '2016-08-04T16:17:57.881781397+0000'],
  ['ünï %proc.name', 'ünï cat'],
]

const fields: readonly [template: string, want: readonly (readonly [string, unknown])[]][] = [
  ['plain', []],
  ['%proc.name %proc.name', [['proc.name', 'cat']]],
  ['%proc.aname[2]', [['proc.aname[2]', 'sshd']]],
  ['%proc.aname', [['proc.aname', 'bash sshd']]],
  ['%proc.ppid', [['proc.ppid', null]]],
  ['%5evt.num', [['evt.num', 12]]],
  ['%fd.dev', [['fd.dev', 'FFFFFFFF']]],
  ['%evt.rawarg.mode', [['evt.rawarg.mode', '644']]],
  ['%evt.failed', [['evt.failed', false]]],
  ['%fd.types', [['fd.types', ['file', 'ipv4']]]],
  ['%fd.sip', [['fd.sip', '10.0.0.1']]],
  ['%evt.reltime', [['evt.reltime', 5]]],
  ['%evt.time', [['evt.time', 1470327477881781397n]]],
  ['%evt.datetime.s', [['evt.datetime.s', 1470327477881781397n]]],
  ['%evt.rawtime', [['evt.rawtime', 1470327477881781397n]]],
  ['%thread.cpu', [['thread.cpu', 2]]],
  [
    '%toupper(concat(fd.name, proc.name))',
    [
      ['fd.name', '/etc/x'],
      ['proc.name', 'cat'],
    ],
  ],
]

describe('output templates', () => {
  for (const [template, want] of texts) {
    it(`prints ${template}`, () => assert.equal(mkBound(template).format(mkEvent(event)), want))
  }
  for (const [template, want] of fields) {
    it(`has fields of ${template}`, () => {
      assert.deepEqual(mkBound(template).fields(mkEvent(event)), want)
    })
  }

  const refused: readonly [template: string, kind: string][] = [
    ['', 'other'],
    ['%', 'unknown_field'],
    ['% proc.name', 'unknown_field'],
    ['%%', 'unknown_field'],
    ['100%', 'unknown_field'],
    ['%nosuch', 'unknown_field'],
    ['%no.such', 'unknown_field'],
    ['%val(proc.name)', 'unknown_field'],
    ['%(proc.name)', 'unknown_field'],
    ['%toupper (proc.name)', 'unknown_field'],
    ['%toupper(proc.name', 'unknown_field'],
    ['%toupper(evt.num)', 'unknown_field'],
    ['%evt.arg', 'unknown_field'],
    ['%99999999proc.name', 'other'],
  ]
  for (const [template, kind] of refused) {
    it(`refuses ${JSON.stringify(template)}`, () => {
      const compiled = compileTemplate(template)
      assert.ok(!compiled.ok)
      assert.equal(compiled.problem.kind, kind)
    })
  }

  it('cuts long lists and buffers', () => {
    const long = mkEvent({'fd.types': Array(500).fill('abcdefgh'), 'evt.buffer': 'x'.repeat(5000)})
    assert.equal(mkBound('%fd.types').format(long).length, 1023)
    assert.equal(mkBound('%evt.buffer').format(long).length, 1000)
  })

  it('takes a long hostile text in reasonable time', () => {
    const start = performance.now()
    compileTemplate(`%${'a.'.repeat(20_000)}`)
    compileTemplate('%proc.name'.repeat(20_000))
    compileTemplate(`%${'tolower('.repeat(20_000)}`)
    assert.ok(performance.now() - start < 3000)
  })
})
