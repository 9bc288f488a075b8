import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {isKnownField, printFormat, resolveField} from '../../src/compiler/field-lookup.ts'

const found: readonly [name: string, arg: string | undefined, want: object][] = [
  ['proc.name', undefined, {text: 'proc.name', type: 'string', list: false}],
  ['proc.aname', undefined, {text: 'proc.aname', gather: 'ancestors'}],
  ['proc.aname', '02', {text: 'proc.aname[2]', index: 2, arg: '2'}],
  ['fd.ip', undefined, {gather: 'ends'}],
  ['fd.types', undefined, {list: true}],
  ['fd.types', '1', {list: false, index: 1}],
  ['evt.arg', '0', {text: 'evt.arg[0]', index: 0}],
  ['evt.arg.flags', undefined, {text: 'evt.arg.flags', arg: 'flags', type: 'string'}],
  ['evt.rawarg.res', undefined, {text: 'evt.rawarg.res', type: 'errno'}],
  ['evt.type.is.openat', undefined, {arg: 'openat', type: 'uint32'}],
  ['evt.abspath', undefined, {text: 'evt.abspath'}],
  ['evt.abspath.src', undefined, {text: 'evt.abspath.src'}],
  ['thread.cgroup.cpu_acct', undefined, {arg: 'cpu_acct'}],
  ['thread.cgroups', undefined, {text: 'thread.cgroups'}],
  ['evt.around', '1404996934793590564', {arg: '1404996934793590564'}],
  ['container.label', 'a b', {text: 'container.label["a b"]', arg: 'a b'}],
  ['container.mount.dest', '/x*', {text: 'container.mount.dest[/x*]', arg: '/x*'}],
  ['container.mount.dest', '3', {index: 3}],
  ['proc.env', '__proto__', {arg: '__proto__'}],
]

const unknown: readonly [name: string, arg: string | undefined, hint?: string][] = [
  ['proc.nme', undefined, "did you mean 'proc.name'?"],
  ['evt.arg', undefined, 'write evt.arg.NAME or evt.arg[N]'],
  ['evt.arg.nosuch', undefined],
  ['evt.arg', 'flags'],
  ['evt.arg.flags', '1'],
  ['evt.rawarg', '0'],
  ['evt.type.is.nosuch', undefined],
  ['evt.abspath.other', undefined],
  ['thread.cgroup', 'cpu'],
  ['thread.cgroup.a.b', undefined],
  ['proc.name', '1'],
  ['proc.aname', 'x'],
  ['proc.aname', '-1'],
  ['proc.aname', '99999999999'],
  ['container.label', undefined],
  ['container.label', ''],
  ['evt.around', 'now'],
  ['constructor.name', undefined],
  ['__proto__.name', undefined],
]

describe('resolveField', () => {
  for (const [name, arg, want] of found) {
    it(`understands ${name}${arg === undefined ? '' : `[${arg}]`}`, () => {
      const lookup = resolveField(name, arg)
      assert.ok(lookup.ok, lookup.ok ? '' : lookup.problem.message)
      const got = Object.fromEntries(
        Object.keys(want).map(key => [key, lookup.field[key as 'text']]),
      )
      assert.deepEqual(got, want)
    })
  }
  for (const [name, arg, hint] of unknown) {
    it(`refuses ${name}${arg === undefined ? '' : `[${arg}]`}`, () => {
      const lookup = resolveField(name, arg)
      assert.ok(!lookup.ok)
      if (hint !== undefined) assert.equal(lookup.problem.hint, hint)
    })
  }
})

describe('isKnownField', () => {
  const cases: readonly [text: string, want: boolean][] = [
    ['proc.name', true],
    ['proc.aname[2]', true],
    ['evt.arg.flags', true],
    ['container.label["a b"]', true],
    ["container.label['x']", true],
    ['container.label[a b]', false],
    ['proc.aname[2]x', false],
    ['proc.aname[', false],
    ['proc', false],
    ['', false],
  ]
  for (const [text, want] of cases) {
    it(`says ${want} of ${text}`, () => assert.equal(isKnownField(text), want))
  }
})

describe('printFormat', () => {
  it('takes that of raw parameters from the parameter', () => {
    const mode = resolveField('evt.rawarg.mode', undefined)
    assert.ok(mode.ok)
    assert.equal(printFormat(mode.field), 'oct')
  })
})
